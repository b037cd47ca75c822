// Our own MCUboot images, and files that are none.
#include "lib/firmware/images/mcuboot.hpp"

#include <botan/ecdsa.h>
#include <botan/ed25519.h>
#include <botan/rsa.h>
#include <botan/system_rng.h>
#include <botan/x25519.h>
#include <gmock/gmock.h>

#include "tests/firmware/images/vectors.hpp"

namespace lamp::firmware::test {
namespace {

using testing::HasSubstr;

auto& rng() { return Botan::system_rng(); }
Botan::ECDSA_PrivateKey ec(const char* curve) { return {rng(), Botan::EC_Group::from_name(curve)}; }
Bytes spki(const Botan::Public_Key& key) { return key.subject_public_key(); }
const Bytes kImage(1000, 0x5A);

mcuboot::Recipe recipe() {
  mcuboot::Recipe made;
  made.version = {2, 0, 1, 0};
  made.header_size = 512;
  made.security_counter = 3;
  return made;
}

Bytes make(const Botan::Private_Key& key, const mcuboot::Recipe& how,
           const std::optional<mcuboot::Recipient>& recipient = {}) {
  MemorySink region, file;
  mcuboot::write_region(how, MemoryInput{kImage}, region);
  mcuboot::write_image(MemoryInput{region.bytes()}, key, recipient, rng(), file);
  return file.bytes();
}

Findings findings_of(const Bytes& bytes, const mcuboot::Trust& trust) {
  const MemoryInput file{bytes};
  auto reading = mcuboot::read(file);
  return reading.good() ? mcuboot::verify(file, *reading.value, trust) : reading.findings;
}

void expect_round_trip(const Botan::Private_Key& key, std::uint16_t digest) {
  const auto bytes = make(key, recipe());
  EXPECT_TRUE(findings_of(bytes, {{spki(key)}, 3, nullptr}).empty());
  EXPECT_NE(mcuboot::read(MemoryInput{bytes}).value->find(digest), nullptr);
}

TEST(Mcuboot, SignsWithEachKindOfKeyThatBootLoadersTake) {
  expect_round_trip(Botan::RSA_PrivateKey{rng(), 2048}, mcuboot::sha256_digest);
  expect_round_trip(Botan::RSA_PrivateKey{rng(), 3072}, mcuboot::sha256_digest);
  expect_round_trip(ec("secp256r1"), mcuboot::sha256_digest);
  expect_round_trip(ec("secp384r1"), mcuboot::sha384_digest);
  expect_round_trip(Botan::Ed25519_PrivateKey{rng()}, mcuboot::sha256_digest);
}

TEST(Mcuboot, RefusesAKeyThatNoBootLoaderTakes) {
  const auto key = Botan::RSA_PrivateKey{rng(), 1024};
  EXPECT_THROW((void)mcuboot::algorithm_of(key), Error);
}

void expect_opens(const Botan::Private_Key& recipient, std::size_t key_size) {
  const auto key = ec("secp256r1");
  auto how = recipe();
  how.key_size = key_size;
  const auto bytes = make(key, how, mcuboot::Recipient{spki(recipient), nullptr});
  const MemoryInput file{bytes};
  const auto image = *mcuboot::read(file).value;
  EXPECT_TRUE(std::search(bytes.begin(), bytes.end(), kImage.begin(), kImage.begin() + 16) == bytes.end());
  const auto content_key = mcuboot::open_content_key(image, {&recipient, nullptr}, rng());
  EXPECT_EQ(content_key.size(), key_size);
  EXPECT_TRUE(mcuboot::verify(file, image, {{spki(key)}, 0, &content_key}).empty());
  EXPECT_TRUE(mcuboot::verify(file, image, {{spki(key)}, 0, nullptr}).empty()) << "the signature alone";
}

TEST(Mcuboot, EncryptsForEachKindOfRecipient) {
  expect_opens(ec("secp256r1"), 16);
  expect_opens(ec("secp256r1"), 32);
  expect_opens(Botan::X25519_PrivateKey{rng()}, 16);
  expect_opens(Botan::X25519_PrivateKey{rng()}, 32);
  expect_opens(Botan::RSA_PrivateKey{rng(), 2048}, 16);
}

TEST(Mcuboot, EncryptsUnderASharedKey) {
  const SymmetricKey kek{SecureBytes(16, 0x11)}, other{SecureBytes(16, 0x12)};
  auto how = recipe();
  how.key_size = 16;
  const auto key = ec("secp256r1");
  const auto bytes = make(key, how, mcuboot::Recipient{{}, &kek});
  const MemoryInput file{bytes};
  const auto image = *mcuboot::read(file).value;
  const auto content_key = mcuboot::open_content_key(image, {nullptr, &kek}, rng());
  EXPECT_TRUE(mcuboot::verify(file, image, {{spki(key)}, 0, &content_key}).empty());
  EXPECT_THROW((void)mcuboot::open_content_key(image, {nullptr, &other}, rng()), Error);
}

TEST(Mcuboot, NamesTheOffsetOfWhatAVerifierObjectsTo) {
  const auto key = ec("secp256r1");
  const auto bytes = make(key, recipe());
  const auto below = findings_of(bytes, {{spki(key)}, 4, nullptr});
  ASSERT_EQ(below.size(), 1U);
  EXPECT_EQ(below[0].text(), "byte 1516: a security counter below the lowest allowed");
  const auto stranger = findings_of(bytes, {{spki(ec("secp256r1"))}, 0, nullptr});
  ASSERT_EQ(stranger.size(), 1U);
  EXPECT_EQ(stranger[0].text(), "byte 1564: signed by a key that is not trusted");
}

struct Malformed {
  const char* name;
  void (*spoil)(Bytes&);
  const char* says;
};
void PrintTo(const Malformed& m, std::ostream* os) { *os << m.name; }

class McubootReader : public testing::TestWithParam<Malformed> {};

/// prot-all.bin: header 32, image 500, protected TLVs at 532, TLVs at 704, 912 bytes in all.
TEST_P(McubootReader, SaysWhichRuleFailedWhere) {
  auto bytes = vector_bytes("prot-all.bin");
  GetParam().spoil(bytes);
  const auto reading = mcuboot::read(MemoryInput{bytes});
  ASSERT_FALSE(reading.good());
  EXPECT_EQ(reading.findings.front().text(), GetParam().says);
}

void set16(Bytes& b, std::size_t at, unsigned value) {
  b[at] = static_cast<std::uint8_t>(value);
  b[at + 1] = static_cast<std::uint8_t>(value >> 8U);
}

INSTANTIATE_TEST_SUITE_P(
    Files, McubootReader,
    testing::Values(
        Malformed{"Empty", [](Bytes& b) { b.clear(); }, "byte 0: it ends within the header"},
        Malformed{"Magic", [](Bytes& b) { b[0] = 0; }, "byte 0: not the magic number of an MCUboot image"},
        Malformed{"LoadAddress", [](Bytes& b) { b[4] = 1; },
                  "byte 4: a load address without the flag that makes it one"},
        Malformed{"HeaderSize", [](Bytes& b) { set16(b, 8, 28); }, "byte 8: a header size below 32"},
        Malformed{"HugeImage", [](Bytes& b) { b[15] = 0xFF; },
                  "byte 12: the image and its protected TLVs are longer than the file"},
        Malformed{"UnknownFlag", [](Bytes& b) { b[19] = 0x80; }, "byte 16: a flag that no boot loader knows"},
        Malformed{"BothCiphers", [](Bytes& b) { b[16] = 0x0C; }, "byte 16: flags for AES-128 and AES-256 at once"},
        Malformed{"Reserved", [](Bytes& b) { b[31] = 1; }, "byte 28: bytes that must be zero"},
        Malformed{"ProtectedMagic", [](Bytes& b) { b[532] = 7; }, "byte 532: not the magic number of this TLV area"},
        Malformed{"ProtectedSize", [](Bytes& b) { set16(b, 534, 173); }, "byte 704: a TLV that ends within its head"},
        Malformed{"TlvTooLong", [](Bytes& b) { set16(b, 538, 9999); }, "byte 538: a TLV longer than its area"},
        Malformed{"NotProtected", [](Bytes& b) { set16(b, 536, 0x01); }, "byte 536: a TLV that must not be protected"},
        Malformed{"CounterLength", [](Bytes& b) { set16(b, 536, 0x40); }, "byte 538: a TLV of a wrong length"},
        Malformed{"Unsigned", [](Bytes& b) { set16(b, 708, 0x73); }, "byte 708: a TLV that must be protected"},
        Malformed{"Unknown", [](Bytes& b) { set16(b, 708, 0x99); }, "byte 708: a TLV of a type that may not be here"},
        Malformed{"Trailing", [](Bytes& b) { b.push_back(0); }, "byte 912: bytes after the last TLV"},
        Malformed{"Cut", [](Bytes& b) { b.pop_back(); }, "byte 706: the TLV area's size is impossible"}));

TEST(McubootWriter, RefusesWhatNoBootLoaderTakes) {
  MemorySink region;
  auto how = recipe();
  how.header_size = 30;
  EXPECT_THROW(mcuboot::write_region(how, MemoryInput{kImage}, region), Error);
  how = recipe();
  how.vendor_tlvs = {{std::uint16_t{0x50}, {}}};
  EXPECT_THROW(mcuboot::write_region(how, MemoryInput{kImage}, region), Error);
  EXPECT_THROW(mcuboot::write_region(recipe(), MemoryInput{{}}, region), Error);
}

}  // namespace
}  // namespace lamp::firmware::test
