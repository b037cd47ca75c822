#include <gmock/gmock.h>

#include "tests/registry/fleet.hpp"

namespace lamp::registry {
namespace {

using test::Fleet;
using test::record;
using testing::HasSubstr;

TEST(Intake, RegistersADeviceThatIsFoundByItsCertificate) {
  Fleet fleet;
  ASSERT_EQ(fleet.take_in(record(1)).intake, Intake::accepted);
  const auto registered = fleet.find("SL-26-000001").value();
  const auto found =
      fleet.write([&](store::Transaction& t) { return find_device_by_fingerprint(t, registered.fingerprint); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->serial, "SL-26-000001");
  EXPECT_EQ(found->mac.text(), "00:00:5e:00:53:01");
  EXPECT_FALSE(found->project);
}

TEST(Intake, GivesTheSameAnswerToTheSameRecord) {
  Fleet fleet;
  const auto same = record(1);
  EXPECT_TRUE(fleet.take_in(same).first_time);
  const auto again = fleet.take_in(same);
  EXPECT_EQ(again.intake, Intake::accepted);
  EXPECT_FALSE(again.first_time);
}

TEST(Intake, TakesALampWithoutClaimCode) {
  Fleet fleet;
  auto lamp = record(1, "smart-lamp");
  lamp.claim_salt.clear();
  lamp.claim_verifier.clear();
  EXPECT_EQ(fleet.take_in(lamp).intake, Intake::accepted);
}

TEST(Intake, ParksASecondRecordForASerialNumberAndNamesTheFields) {
  Fleet fleet;
  ASSERT_TRUE(fleet.take_in(record(1)).first_time);
  auto other = record(1, "smart-lamp");
  other.certificate = to_bytes("another");
  const auto parked = fleet.take_in(other);
  EXPECT_EQ(parked.intake, Intake::parked);
  EXPECT_THAT(parked.reason, HasSubstr("model gateway, not smart-lamp"));
  EXPECT_THAT(parked.reason, HasSubstr("another certificate"));
  EXPECT_EQ(fleet.find("SL-26-000001")->model, "gateway");
}

TEST(Intake, ParksARecordWithSomebodyElsesMacAddressOrCertificate) {
  Fleet fleet;
  ASSERT_TRUE(fleet.take_in(record(1)).first_time);
  auto thief = record(2);
  thief.mac = record(1).mac;
  thief.certificate = record(1).certificate;
  const auto parked = fleet.take_in(thief);
  EXPECT_EQ(parked.intake, Intake::parked);
  EXPECT_THAT(parked.reason, HasSubstr("MAC address 00:00:5e:00:53:01 belongs to SL-26-000001"));
  EXPECT_THAT(parked.reason, HasSubstr("the certificate belongs to SL-26-000001"));
  EXPECT_FALSE(fleet.find("SL-26-000002"));
}

registry::FactoryRecord with_key(unsigned n, std::uint8_t key) {
  auto made = record(n);
  made.public_keys = firmware::encode_public_keys({{"curve-key", Bytes(32, key)}});
  return made;
}

TEST(Intake, KeepsTheKeysThatADeviceHasBesideItsIdentity) {
  Fleet fleet;
  ASSERT_EQ(fleet.take_in(with_key(1, 7)).intake, Intake::accepted);
  ASSERT_EQ(fleet.take_in(record(2)).intake, Intake::accepted);
  const auto keys = [&](const char* serial) {
    return fleet.write([&](store::Transaction& t) { return public_keys(t, serial); });
  };
  EXPECT_THAT(keys("SL-26-000001"), testing::ElementsAre(firmware::DevicePublicKey{"curve-key", Bytes(32, 7)}));
  EXPECT_THAT(keys("SL-26-000002"), testing::IsEmpty());
}

TEST(Intake, ParksARecordWithAKeyThatAnotherDeviceHas) {
  Fleet fleet;
  ASSERT_TRUE(fleet.take_in(with_key(1, 7)).first_time);
  const auto twin = fleet.take_in(with_key(2, 7));
  EXPECT_EQ(twin.intake, Intake::parked);
  EXPECT_THAT(twin.reason, HasSubstr("curve-key belongs to SL-26-000001"));
  EXPECT_FALSE(fleet.find("SL-26-000002"));
}

TEST(Intake, AnotherKeyMakesAnotherRecord) {
  Fleet fleet;
  ASSERT_TRUE(fleet.take_in(with_key(1, 7)).first_time);
  EXPECT_EQ(fleet.take_in(with_key(1, 8)).intake, Intake::parked);
}

TEST(Intake, KeepsAParkedRecordOnceAndLetsTheNextOneBy) {
  Fleet fleet;
  ASSERT_TRUE(fleet.take_in(record(1)).first_time);
  auto bad = record(1);
  bad.certificate = to_bytes("another");
  EXPECT_TRUE(fleet.take_in(bad).first_time);
  EXPECT_FALSE(fleet.take_in(bad).first_time);
  EXPECT_EQ(fleet.take_in(record(2)).intake, Intake::accepted);
  const auto parked = fleet.write([](store::Transaction& t) { return parked_records(t); });
  ASSERT_EQ(parked.size(), 1U);
  EXPECT_EQ(parked.front().serial, "SL-26-000001");
}

TEST(Revocation, IsForGoodAndSaysWhetherTheDeviceExists) {
  Fleet fleet;
  ASSERT_TRUE(fleet.take_in(record(1)).first_time);
  const auto revoke = [&](const char* serial) {
    return fleet.write([&](store::Transaction& t) { return revoke_device(t, serial, test::kNow); });
  };
  EXPECT_TRUE(revoke("SL-26-000001"));
  EXPECT_TRUE(revoke("SL-26-000001"));
  EXPECT_FALSE(revoke("SL-26-000009"));
  EXPECT_EQ(fleet.take_in(record(2)).intake, Intake::accepted);
  EXPECT_EQ(fleet.find("SL-26-000001")->state, DeviceState::revoked);
}

}  // namespace
}  // namespace lamp::registry
