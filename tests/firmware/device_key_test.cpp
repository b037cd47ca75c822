#include "lib/firmware/device_key.hpp"

#include <botan/system_rng.h>
#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "lib/firmware/flash_record.hpp"

namespace lamp::firmware {
namespace {

SecureBytes cose_key(const DeviceKey& key) {
  cbor::SecureWriter out;
  write_device_key(out, key);
  return std::move(out).encoded();
}

DeviceKey read(ByteView encoded) {
  cbor::Reader reader{encoded};
  auto key = read_device_key(reader);
  reader.end();
  return key;
}

class DeviceKeys : public testing::TestWithParam<KeyCurve> {};

TEST_P(DeviceKeys, AreReadBackAsTheyWereWritten) {
  const auto key = make_device_key("some-key", GetParam(), Botan::system_rng());
  const auto again = read(cose_key(key));
  EXPECT_EQ(again.name, "some-key");
  EXPECT_EQ(again.curve, GetParam());
  EXPECT_EQ(again.public_key, key.public_key);
  EXPECT_EQ(cose_key(again), cose_key(key));
}

TEST_P(DeviceKeys, WithAnotherPublicHalfAreRefused) {
  auto key = make_device_key("some-key", GetParam(), Botan::system_rng());
  key.public_key = make_device_key("some-key", GetParam(), Botan::system_rng()).public_key;
  EXPECT_THROW((void)read(cose_key(key)), Error);
}

TEST_P(DeviceKeys, CutAnywhereAreRefused) {
  const auto encoded = cose_key(make_device_key("some-key", GetParam(), Botan::system_rng()));
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < encoded.size(); ++size)
    if (std::holds_alternative<DeviceKey>(attempt([&] { return read(ByteView{encoded}.first(size)); }))) ++accepted;
  EXPECT_EQ(accepted, 0U);
}

INSTANTIATE_TEST_SUITE_P(Curves, DeviceKeys, testing::Values(KeyCurve::p256, KeyCurve::x25519));

// A key pair of libzmq's documentation, in a COSE_Key written by hand (RFC 9052 section 7, RFC 9053 section 7.2).
TEST(DeviceKey, IsACoseKeyOfThePublishedPair) {
  const auto key =
      read(from_hex("a50101024563757276652004215820bb88471d65e2659b30c55a5321cebb5aab2b70a398645c26dca2b2fcb43fc518"
                    "2358207bb864b489afa3671fbe69101f94b38972f24816dfb01b51656b3fec8dfd0888"));
  EXPECT_EQ(key.name, "curve");
  EXPECT_EQ(key.curve, KeyCurve::x25519);
}

TEST(FlashRecord, IsWholeOrNothing) {
  const auto record = flash_record(RecordKind::device_key, as_bytes("content"));
  EXPECT_EQ(record.size() % 8, 0U);
  EXPECT_EQ(record.size(), flash_record_size(7));
  SecureBytes page = record;
  page.resize(256, 0xff);
  ASSERT_TRUE(read_flash_record(RecordKind::device_key, page));
  EXPECT_EQ(lamp::to_text(*read_flash_record(RecordKind::device_key, page)), "content");
  EXPECT_FALSE(read_flash_record(RecordKind::credential_block, page));
}

TEST(FlashRecord, HalfWrittenIsNone) {
  const auto record = flash_record(RecordKind::credential_block, Bytes(100, 7));
  std::size_t accepted = 0;
  for (std::size_t written = 0; written + 8 < record.size(); ++written) {
    SecureBytes page(record.size(), 0xff);
    std::copy_n(record.begin(), written, page.begin());
    if (read_flash_record(RecordKind::credential_block, page)) ++accepted;
  }
  EXPECT_EQ(accepted, 0U);
}

TEST(FlashRecord, WithALengthBeyondTheFlashIsNone) {
  Bytes page(64, 0xff);
  std::copy_n("LPCB", 4, page.begin());
  EXPECT_FALSE(read_flash_record(RecordKind::credential_block, page));
  EXPECT_FALSE(read_flash_record(RecordKind::credential_block, Bytes{'L', 'P', 'C', 'B'}));
  EXPECT_TRUE(is_erased(Bytes(8, 0xff)));
}

}  // namespace
}  // namespace lamp::firmware
