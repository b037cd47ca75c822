// Whom a device believes, in the field and over the years: release keys that are replaced, officers, hybrid models, and
// floors.
#include <gmock/gmock.h>

#include "lib/firmware/device/software_crypto.hpp"
#include "lib/firmware/device/updater.hpp"
#include "tests/firmware/flash_model.hpp"
#include "tests/firmware/release_fixture.hpp"

namespace lamp::firmware::test {
namespace {

using device::Area;
using device::Boot;
using device::Updater;

class DevicePolicy : public testing::Test {
 protected:
  DevicePolicy() { device::provision(flash_, crypto_, Bytes(200, 0x11), {1, 0, 0}, 4, 2); }
  Updater updater() { return Updater{flash_, crypto_, trust_}; }
  Reason offer(const Recipe& recipe) { return updater().offer(make_release(recipe).envelope).reason; }
  void restart_and_confirm() {
    auto device = updater();
    ASSERT_EQ(device.boot(), Boot::trial);
    device.confirm();
  }
  /// The second key's release, which revokes the first.
  static Recipe revoking(std::uint64_t sequence = 5) {
    return {
        .sequence = sequence, .release_signature = false, .revoked = {id_of(keys().release)}, .second_signature = true};
  }

  FlashModel flash_;
  device::SoftwareCrypto crypto_{kek()};
  device::DeviceTrust trust_ = lamp_trust();
};

TEST_F(DevicePolicy, ReplacesAReleaseKeyInTheField) {
  ASSERT_EQ(offer(revoking()), Reason::none);
  restart_and_confirm();
  EXPECT_EQ(offer({.sequence = 6}), Reason::revoked_key);
  EXPECT_EQ(offer({.sequence = 6, .release_signature = false, .second_signature = true}), Reason::none);
  restart_and_confirm();
  EXPECT_EQ(offer({.sequence = 7}), Reason::revoked_key);
}

TEST_F(DevicePolicy, PassesOverARevokedKeyBesideAnotherOne) {
  ASSERT_EQ(offer(revoking()), Reason::none);
  restart_and_confirm();
  EXPECT_EQ(offer({.sequence = 6, .second_signature = true}), Reason::none);
}

TEST_F(DevicePolicy, BelievesTheKeyUntilTheImageIsConfirmed) {
  ASSERT_EQ(offer(revoking()), Reason::none);
  EXPECT_EQ(offer({.sequence = 6}), Reason::none);
  ASSERT_EQ(offer(revoking()), Reason::none);
  ASSERT_EQ(updater().boot(), Boot::trial);
  ASSERT_EQ(updater().boot(), Boot::reverted);
  EXPECT_EQ(offer({.sequence = 6}), Reason::none);
  EXPECT_TRUE(updater().settings().revocations.announced().empty());
}

TEST_F(DevicePolicy, NeverRevokesTheKeyThatSignsOrTheLastOne) {
  EXPECT_EQ(offer({.revoked = {id_of(keys().release)}}), Reason::bad_revocation);
  EXPECT_EQ(offer({.revoked = {id_of(keys().release)}, .second_signature = true}), Reason::bad_revocation);
  trust_.keys.release.pop_back();
  EXPECT_EQ(offer({.revoked = {id_of(keys().release)}, .second_signature = true}), Reason::bad_revocation);
}

TEST_F(DevicePolicy, IgnoresTheRevocationOfAKeyThatItDoesNotHave) {
  ASSERT_EQ(offer({.revoked = {id_of(keys().stranger)}}), Reason::none);
  restart_and_confirm();
  EXPECT_TRUE(updater().settings().revocations.in_force().empty());
}

TEST_F(DevicePolicy, ForgetsTheFormerImageThatARevokedKeyMayHaveSigned) {
  ASSERT_EQ(offer(revoking()), Reason::none);
  restart_and_confirm();
  flash_.bytes(Area::slot_b)[10] ^= 1;
  EXPECT_EQ(updater().boot(), Boot::unbootable);
}

TEST_F(DevicePolicy, HybridModelsWantBothSignatures) {
  trust_.keys.hybrid.emplace_back(spki(keys().hybrid), cose::Use::hybrid_release);
  EXPECT_EQ(offer({}), Reason::no_hybrid_signature);
  EXPECT_EQ(offer({.release_signature = false, .hybrid_signature = true}), Reason::no_release_signature);
  EXPECT_EQ(offer({.officers = {0}, .hybrid_signature = true}), Reason::too_few_officers);
  EXPECT_EQ(offer({.hybrid_signature = true}), Reason::none);
}

TEST_F(DevicePolicy, HybridModelsKeepAKeyOfEachKind) {
  trust_.keys.hybrid.emplace_back(spki(keys().hybrid), cose::Use::hybrid_release);
  EXPECT_EQ(offer({.revoked = {id_of(keys().hybrid)}, .hybrid_signature = true}), Reason::bad_revocation);
  EXPECT_EQ(offer({.revoked = {id_of(keys().second)}, .hybrid_signature = true}), Reason::none);
}

TEST_F(DevicePolicy, OfficersCountOnceAndOnlyBesideAReleaseKey) {
  EXPECT_EQ(offer({.release_signature = false, .officers = {0, 1, 2}}), Reason::no_release_signature);
  EXPECT_EQ(offer({.officers = {2}}), Reason::too_few_officers);
  EXPECT_EQ(offer({.officers = {1, 1}}), Reason::malformed);
  EXPECT_EQ(offer({.officers = {0, 2}}), Reason::none);
}

TEST_F(DevicePolicy, ModelsThatAreNotMarkedSoTakeTheReleaseKeyAlone) {
  trust_.keys.threshold = 0;
  EXPECT_EQ(offer({.officers = {}}), Reason::none);
}

TEST_F(DevicePolicy, TakesAnOldPayloadThatIsReleasedAgain) {
  ASSERT_EQ(offer({.version = {1, 1, 0}, .sequence = 5, .epoch = 3}), Reason::none);
  restart_and_confirm();
  const Bytes old(200, 0x11);
  EXPECT_EQ(offer({.version = {1, 0, 0}, .sequence = 5, .epoch = 3, .image = old}), Reason::old_sequence);
  EXPECT_EQ(offer({.version = {1, 0, 0}, .sequence = 6, .epoch = 2, .image = old}), Reason::old_epoch);
  EXPECT_EQ(offer({.version = {1, 0, 0}, .sequence = 6, .epoch = 3, .image = old}), Reason::none);
  restart_and_confirm();
  EXPECT_EQ(updater().running().version.text(), "1.0.0");
}

TEST_F(DevicePolicy, AnUnconfirmedImageRaisesNoFloor) {
  ASSERT_EQ(offer({.sequence = 9, .epoch = 8}), Reason::none);
  ASSERT_EQ(updater().boot(), Boot::trial);
  ASSERT_EQ(updater().boot(), Boot::reverted);
  EXPECT_EQ(offer({.sequence = 5, .epoch = 2}), Reason::none);
}

}  // namespace
}  // namespace lamp::firmware::test
