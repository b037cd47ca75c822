// SWUpdate packages, and the archives, manifests and signatures in them.
#include "lib/firmware/images/swu.hpp"

#include <botan/hash.h>
#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "lib/firmware/images/swu_cipher.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::firmware::test {
namespace {

using lamp::test::kNow;
using testing::HasSubstr;

const Bytes kImage(5001, 0x42);

std::string digest_of(ByteView bytes) {
  return hex(Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(bytes));
}

struct Signer {
  Signer()
      : key{lamp::test::make_key()},
        certificate{ca.issue(lamp::test::delivered_profile("code-signing"), {{"name", "swu"}, {"site", "demo"}}, *key)
                        .certificate},
        anchors{ca.root().chain().front()} {}
  lamp::test::SmallCa ca{"code-signing-ca"};
  std::unique_ptr<Botan::Private_Key> key;
  Bytes certificate;
  std::vector<Bytes> anchors;
};
Signer& signer() {
  static Signer one;
  return one;
}

std::string manifest() {
  return swu::write_description(
      {"1.2.3", "gateway 1.2.3", {"1.0", "2.0"}, "image.bin", digest_of(kImage), "/dev/mmcblk0p2", ""});
}

Bytes make(const std::string& description = manifest()) {
  auto& by = signer();
  MemorySink out;
  const auto signature = cms::sign(as_bytes(description), *by.key, by.certificate, lamp::test::rng());
  swu::write(description, signature, "image.bin", MemoryInput{kImage}, out);
  return out.bytes();
}

/// The signing certificate's issuer is not in the signature, so it is what devices trust.
std::vector<Bytes> anchors() { return {signer().ca.issuing().chain().front(), signer().anchors.front()}; }

Findings findings_of(const Bytes& bytes, Instant at = kNow) {
  const MemoryInput file{bytes};
  auto reading = swu::read(file);
  return reading.good() ? swu::verify(file, *reading.value, anchors(), at) : reading.findings;
}

TEST(Swu, VerifiesWhatItWrote) {
  const auto bytes = make();
  const auto findings = findings_of(bytes);
  EXPECT_TRUE(findings.empty()) << findings.front().text();
  const auto package = *swu::read(MemoryInput{bytes}).value;
  EXPECT_EQ(package.description.version, "1.2.3");
  ASSERT_EQ(package.description.artifacts.size(), 1U);
  EXPECT_EQ(package.description.artifacts[0].filename, "image.bin");
}

TEST(Swu, RefusesEveryChangedByteOfManifestAndSignature) {
  const auto good = make();
  const auto package = *swu::read(MemoryInput{good}).value;
  std::vector<std::size_t> accepted;
  for (const auto& entry : {package.entries[0], package.entries[1]})
    for (auto at = static_cast<std::size_t>(entry.data); at < entry.data + entry.size; ++at) {
      auto bad = good;
      bad[at] ^= 0x01;
      if (findings_of(bad).empty()) accepted.push_back(at);
    }
  EXPECT_THAT(accepted, testing::IsEmpty());
}

TEST(Swu, RefusesAnotherImage) {
  auto bytes = make();
  const auto entry = swu::read(MemoryInput{bytes}).value->entries[2];
  bytes[entry.data + 7] = 0;
  const auto findings = findings_of(bytes);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].rule, "the sum of image.bin is wrong");
  EXPECT_EQ(findings[1].rule, "image.bin does not have the SHA-256 that sw-description says");
  EXPECT_EQ(findings[1].offset, entry.data);
}

TEST(Swu, RefusesASignerOfAnotherPurpose) {
  auto& by = signer();
  lamp::test::SmallCa other{"server-ca"};
  const auto certificate =
      other.issue(lamp::test::delivered_profile("tls-server"), {{"name", "localhost"}, {"site", "demo"}}, *by.key)
          .certificate;
  const auto text = manifest();
  const auto data = cms::parse(cms::sign(as_bytes(text), *by.key, certificate, lamp::test::rng()));
  const auto verdict = cms::verify(data, as_bytes(text), {other.issuing().chain().front()}, kNow);
  EXPECT_THAT(verdict.objections.at(0), HasSubstr("is not for code signing"));
}

TEST(Swu, RefusesASignerThatNobodyTrusts) {
  const auto text = manifest();
  auto& by = signer();
  const auto data = cms::parse(cms::sign(as_bytes(text), *by.key, by.certificate, lamp::test::rng()));
  lamp::test::SmallCa other{"code-signing-ca"};
  EXPECT_FALSE(cms::verify(data, as_bytes(text), {other.root().chain().front()}, kNow).acceptable());
  EXPECT_FALSE(cms::verify(data, as_bytes(text), anchors(), kNow + std::chrono::hours{24 * 366 * 4}).acceptable());
  EXPECT_TRUE(cms::verify(data, as_bytes(text), anchors(), kNow).acceptable());
}

TEST(Swu, RefusesToSignWithAKeyThatIsNotTheCertificates) {
  const auto other = lamp::test::make_key();
  EXPECT_THROW((void)cms::sign({}, *other, signer().certificate, lamp::test::rng()), Error);
}

struct Described {
  const char* name;
  const char* text;
  const char* says;  ///< null: accepted
};
void PrintTo(const Described& d, std::ostream* os) { *os << d.name; }
class SwDescription : public testing::TestWithParam<Described> {};

TEST_P(SwDescription, IsReadStrictly) {
  std::string text{GetParam().text};
  for (std::size_t at = 0; (at = text.find("HASH")) != std::string::npos;) text.replace(at, 4, std::string(64, 'a'));
  const auto reading = swu::read_description(text);
  EXPECT_EQ(reading.good() ? "" : reading.findings.front().text(), GetParam().says == nullptr ? "" : GetParam().says);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, SwDescription,
    testing::Values(
        Described{"Plain", R"(software = { version = "1"; images: ({ filename = "a"; sha256 = "HASH"; }); };)",
                  nullptr},
        Described{"Boards",
                  R"(software = { version = "1"; /* two */ lamp: { stable = { main: { files: (
                     { filename = "a"; sha256 = "HASH"; compressed = true; offset = 0x10L }, // no semicolon
                     ) } } } # end
                     })",
                  nullptr},
        Described{"NoDigest", R"(software = { version = "1"; images: ({ filename = "a"; }); };)",
                  "byte 37: a file without its SHA-256"},
        Described{"ShortDigest", R"(software = { version = "1"; images: ({ filename = "a"; sha256 = "aa"; }); };)",
                  "byte 37: a file without its SHA-256"},
        Described{"NoFile", R"(software = { version = "1"; x = { sha256 = "HASH" } })",
                  "byte 32: a SHA-256 of no file"},
        Described{"Twice", R"(software = { version = "1"; version = "2"; };)",
                  "byte 28: a setting that is there twice"},
        Described{"Reference", R"(software = { version = "1"; lamp = { ref = "#./x"; } })",
                  "byte 37: a reference; write the settings out"},
        Described{"Include", "@include \"x\"\n", "byte 0: expected the name of a setting"},
        Described{"Other", R"(hardware = { version = "1"; })", "byte 0: the one top setting is not 'software'"},
        Described{"NoVersion", "software = { };", "byte 0: software has no version"},
        Described{"OpenText", R"(software = { version = "1)", "byte 23: a text without an end"},
        Described{"OpenGroup", R"(software = { version = "1";)", "byte 27: expected the name of a setting"},
        Described{"OpenComment", "/* ", "byte 0: a comment without an end"},
        Described{"Bare", R"(software = { filename = a })", "byte 24: expected a text in quotes"},
        Described{"Empty", "", "byte 0: the one top setting is not 'software'"}));

struct Spoiled {
  const char* name;
  void (*spoil)(Bytes&);
  const char* says;
};
void PrintTo(const Spoiled& s, std::ostream* os) { *os << s.name; }
class Cpio : public testing::TestWithParam<Spoiled> {};

/// One file "a" of three bytes: header 110, name and NUL to 112, data to 115, padding to 116, then the trailer.
TEST_P(Cpio, SaysWhichRuleFailedWhere) {
  const Bytes three{1, 2, 3};
  MemorySink out;
  cpio::Writer writer{out};
  writer.add("a", MemoryInput{three});
  writer.end();
  auto bytes = out.bytes();
  ASSERT_TRUE(cpio::read(MemoryInput{bytes}).good());
  GetParam().spoil(bytes);
  const auto reading = cpio::read(MemoryInput{bytes});
  ASSERT_FALSE(reading.good());
  EXPECT_EQ(reading.findings.front().text(), GetParam().says);
}

INSTANTIATE_TEST_SUITE_P(
    Archives, Cpio,
    testing::Values(Spoiled{"Empty", [](Bytes& b) { b.clear(); }, "byte 0: it ends without a trailer"},
                    Spoiled{"Magic", [](Bytes& b) { b[5] = '7'; }, "byte 0: not the magic number of a cpio entry"},
                    Spoiled{"Field", [](Bytes& b) { b[14] = 'x'; }, "byte 14: a field that is no hexadecimal number"},
                    Spoiled{"Folder", [](Bytes& b) { b[18] = '4'; }, "byte 14: not a regular file"},
                    Spoiled{"Name", [](Bytes& b) { b[110] = '/'; }, "byte 110: a name that is no plain file name"},
                    Spoiled{"Size", [](Bytes& b) { b[54] = 'F'; }, "byte 54: a file longer than the archive"},
                    Spoiled{"NameSize", [](Bytes& b) { b[94] = 'F'; }, "byte 94: an impossible length of a name"},
                    Spoiled{"Padding", [](Bytes& b) { b[115] = 1; }, "byte 115: padding that is not zero"},
                    Spoiled{"Cut", [](Bytes& b) { b.resize(200); }, "byte 116: it ends without a trailer"},
                    Spoiled{"After", [](Bytes& b) { b.back() = 1; }, "byte 240: bytes after the trailer"},
                    Spoiled{"Appended", [](Bytes& b) { b.resize(1024); }, "byte 240: bytes after the trailer"}));

TEST(CpioWriter, RefusesNamesThatLeaveTheFolder) {
  MemorySink out;
  cpio::Writer writer{out};
  const Bytes none;
  for (const auto* name : {"", "../x", "/x", "-x", ".x", "a b", "TRAILER!!!"})
    EXPECT_THROW(writer.add(name, MemoryInput{none}), Error) << name;
}

class SwuCipher : public testing::TestWithParam<std::size_t> {};

TEST_P(SwuCipher, GivesTheImageBack) {
  const SymmetricKey key{SecureBytes(32, 5)};
  const swu::Iv iv{1, 2, 3};
  const Bytes image(GetParam(), 0x6b);
  MemorySink encrypted, clear;
  swu::encrypt_image(key, iv, MemoryInput{image}, encrypted);
  EXPECT_EQ(encrypted.bytes().size(), image.size() / 16 * 16 + 16);
  swu::decrypt_image(key, iv, MemoryInput{encrypted.bytes()}, clear);
  EXPECT_EQ(clear.bytes(), image);
}

INSTANTIATE_TEST_SUITE_P(Sizes, SwuCipher, testing::Values(1U, 15U, 16U, 17U, 65536U, 65537U, 200000U));

TEST(SwuCipherErrors, ABlockThatIsCutOrAnotherKeyIsRefused) {
  const SymmetricKey key{SecureBytes(32, 5)};
  const swu::Iv iv{};
  MemorySink encrypted, clear;
  swu::encrypt_image(key, iv, MemoryInput{Bytes(100, 1)}, encrypted);
  EXPECT_THROW(swu::decrypt_image(key, iv, MemoryInput{ByteView{encrypted.bytes()}.first(100)}, clear), Error);
  EXPECT_THROW(swu::decrypt_image(key, iv, MemoryInput{ByteView{}}, clear), Error);
}

}  // namespace
}  // namespace lamp::firmware::test
