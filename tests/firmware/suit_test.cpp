#include "lib/firmware/suit.hpp"

#include <gmock/gmock.h>

#include "lib/crypto/cbor.hpp"
#include "lib/firmware/encryption.hpp"
#include "tests/firmware/release_fixture.hpp"

namespace lamp::firmware::test {
namespace {

using testing::HasSubstr;

TEST(SuitManifest, ReadsBackWhatWasWritten) {
  const auto made = make_release({.version = {2, 40, 65535}, .sequence = 1U << 31U, .epoch = 7});
  const auto manifest = parse_manifest(made.manifest);
  EXPECT_EQ(manifest.sequence, 1U << 31U);
  EXPECT_EQ(manifest.model, "smart-lamp");
  EXPECT_EQ(manifest.version.text(), "2.40.65535");
  EXPECT_EQ(manifest.security_epoch, 7U);
  EXPECT_EQ(manifest.image_size, 300U);
  EXPECT_EQ(manifest.payload_size, 316U);
  EXPECT_EQ(manifest.image_digest, sha256(Bytes(300, 0xa5)));
  EXPECT_EQ(manifest.model_class, class_id(vendor_id("lamp.example"), "smart-lamp"));
  EXPECT_EQ(lamp::to_text(parse_encryption_info(manifest.encryption_info).kek_name), "kek.smart-lamp");
}

TEST(SuitManifest, WritesEqualBytesForEqualValues) {
  const auto made = make_release();
  EXPECT_EQ(encode_manifest(parse_manifest(made.manifest)), made.manifest);
}

struct Unwritable {
  const char* name;
  void (*change)(Manifest&);
};
void PrintTo(const Unwritable& c, std::ostream* os) { *os << c.name; }

class UnwritableManifests : public testing::TestWithParam<Unwritable> {};

TEST_P(UnwritableManifests, AreRefusedBeforeAnyoneSignsThem) {
  const auto made = make_release();
  auto manifest = parse_manifest(made.manifest);
  GetParam().change(manifest);
  EXPECT_THROW((void)encode_manifest(manifest), Error);
}

INSTANTIATE_TEST_SUITE_P(
    Table, UnwritableManifests,
    testing::Values(Unwritable{"SequenceZero", [](Manifest& m) { m.sequence = 0; }},
                    Unwritable{"ModelThatIsNoName", [](Manifest& m) { m.model = "Smart Lamp"; }},
                    Unwritable{"ClassOfAnotherModel", [](Manifest& m) { m.model = "gateway"; }},
                    Unwritable{"EmptyImage", [](Manifest& m) { m.image_size = 0; }},
                    Unwritable{"PayloadSizeThatDoesNotFit", [](Manifest& m) { m.payload_size += 1; }},
                    Unwritable{"SizesThatWrapAround", [](Manifest& m) { m.image_size = ~0ULL, m.payload_size = 15; }},
                    Unwritable{"NoEncryption", [](Manifest& m) { m.encryption_info = {}; }}));

/// Every byte of a manifest matters: another value reads as another manifest or not at all.
TEST(SuitManifest, NeverReadsTwoEncodingsAsTheSameManifest) {
  const auto good = make_release().manifest;
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 0x01;
    const auto read = attempt([&] { return encode_manifest(parse_manifest(bad)); });
    EXPECT_EQ(std::holds_alternative<Bytes>(read) ? std::get<Bytes>(read) : bad, bad) << "byte " << i;
  }
}

TEST(SuitManifest, RefusesEveryTruncation) {
  const auto good = make_release().manifest;
  for (std::size_t i = 0; i < good.size(); ++i)
    EXPECT_THROW((void)parse_manifest(ByteView{good}.first(i)), Error) << "cut at " << i;
}

/// Envelopes that are built by hand around a good release.
struct Malformed {
  const char* name;
  const char* says;
  Bytes (*build)(const Made&);
};
void PrintTo(const Malformed& c, std::ostream* os) { *os << c.name; }

cbor::Writer wrapper(const Made& made) { return cbor::Writer{}.array(1).bytes(suit_digest(made.manifest)); }
cbor::Writer start(const Made& made, std::uint64_t members) {
  return cbor::Writer{}.tag(107).map(members).integer(2).bytes(wrapper(made).encoded()).integer(3).bytes(made.manifest);
}

class MalformedEnvelopes : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedEnvelopes, AreRefused) {
  const auto bytes = GetParam().build(make_release());
  const auto result = attempt([&] { return parse_envelope(bytes).count; });
  ASSERT_TRUE(std::holds_alternative<Error>(result));
  EXPECT_THAT(std::get<Error>(result).what(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Table, MalformedEnvelopes,
    testing::Values(
        Malformed{"BareManifest", "another tag",
                  [](const Made& m) { return cbor::Writer{}.tag(1070).raw(m.manifest).encoded(); }},
        Malformed{"WithoutPayload", "members", [](const Made& m) { return start(m, 2).encoded(); }},
        Malformed{"AnotherPayload", "without the payload",
                  [](const Made& m) { return start(m, 3).text("#other").bytes(m.payload).encoded(); }},
        Malformed{"SecondPayload", "members",
                  [](const Made& m) {
                    return start(m, 4).text("#firmware").bytes(m.payload).text("#firmwarf").bytes({}).encoded();
                  }},
        Malformed{"SeveredMember", "text string",
                  [](const Made& m) { return start(m, 3).integer(20).bytes(m.payload).encoded(); }},
        Malformed{"ManifestFirst", "does not have here",
                  [](const Made& m) {
                    return cbor::Writer{}.tag(107).map(3).integer(3).bytes(m.manifest).integer(2).bytes({}).encoded();
                  }},
        Malformed{
            "NoDigest", "without a digest",
            [](const Made&) { return cbor::Writer{}.tag(107).map(3).integer(2).bytes(from_hex("80")).encoded(); }},
        Malformed{"TooManySignatures", "too many signatures",
                  [](const Made& m) {
                    auto many = cbor::Writer{}.array(34).bytes(suit_digest(m.manifest));
                    for (int i = 0; i < 33; ++i) many.bytes({});
                    return cbor::Writer{}.tag(107).map(3).integer(2).bytes(many.encoded()).encoded();
                  }},
        Malformed{"DigestOfAnotherAlgorithm", "not SHA-256", [](const Made&) {
                    const auto digest = cbor::Writer{}.array(2).integer(-43).bytes(Bytes(48, 1)).encoded();
                    const auto list = cbor::Writer{}.array(1).bytes(digest).encoded();
                    return cbor::Writer{}.tag(107).map(3).integer(2).bytes(list).encoded();
                  }}));

TEST(EncryptionInfo, RefusesAlgorithmsThatDoNotFit) {
  const SymmetricKey key{SecureBytes(32, 1)};
  EXPECT_THROW((void)encrypt_payload(key, Bytes(11), Bytes(40), "kek", to_bytes("x")), Error);
  EXPECT_THROW((void)encrypt_payload(key, Bytes(12), Bytes(24), "kek", to_bytes("x")), Error);
  EXPECT_THROW((void)encrypt_payload(key, Bytes(12), Bytes(40), "", to_bytes("x")), Error);
  const SymmetricKey odd{SecureBytes(24, 1)};
  EXPECT_THROW((void)encrypt_payload(odd, Bytes(12), Bytes(32), "kek", to_bytes("x")), Error);
}

TEST(Encryption, DecryptsItsOwnAndNothingAltered) {
  const SymmetricKey key{SecureBytes(32, 1)};
  const auto image = to_bytes("an image");
  auto made = encrypt_payload(key, Bytes(12), Bytes(40), "kek", image);
  const auto info = parse_encryption_info(made.info);
  EXPECT_EQ(decrypt_payload(key, info, made.ciphertext), image);
  EXPECT_THROW((void)decrypt_payload(SymmetricKey{SecureBytes(32, 2)}, info, made.ciphertext), Error);
  made.ciphertext[0] ^= 1;
  EXPECT_THROW((void)decrypt_payload(key, info, made.ciphertext), Error);
  EXPECT_THROW((void)decrypt_payload(key, info, Bytes(3)), Error);
}

TEST(Uuid, AreNameBased) {
  // The vendor id in the draft's own examples is that of arm.com.
  EXPECT_EQ(to_text(vendor_id("arm.com")), "fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe");
  EXPECT_EQ(to_text(class_id(vendor_id("arm.com"), "My Product")), "239e5abd-fd9d-5780-850c-0aa5262cffac");
}

}  // namespace
}  // namespace lamp::firmware::test
