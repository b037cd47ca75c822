#include "lib/firmware/device/updater.hpp"

#include <gmock/gmock.h>

#include "lib/firmware/device/file_flash.hpp"
#include "lib/firmware/device/software_crypto.hpp"
#include "tests/firmware/flash_model.hpp"
#include "tests/firmware/release_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::firmware::test {
namespace {

using device::Area;
using device::Boot;
using device::Slot;
using device::Trial;
using device::Updater;

const Bytes kFactoryImage(200, 0x11);

/// A lamp with factory image 1.0.0, sequence 4, epoch 2.
class Lamp : public testing::Test {
 protected:
  Lamp() { device::provision(flash_, crypto_, kFactoryImage, {1, 0, 0}, 4, 2); }
  /// As after a power cycle: nothing is known but what the flash holds.
  Updater updater() { return Updater{flash_, crypto_, trust_}; }
  Boot boot() { return updater().boot(); }
  std::string version() { return updater().running().version.text(); }

  FlashModel flash_;
  device::SoftwareCrypto crypto_{kek()};
  device::DeviceTrust trust_ = lamp_trust();
};

TEST_F(Lamp, TriesANewReleaseAndKeepsItOnceConfirmed) {
  const auto outcome = updater().offer(make_release().envelope);
  ASSERT_TRUE(outcome.accepted()) << outcome.text;
  EXPECT_EQ(version(), "1.0.0");
  EXPECT_EQ(boot(), Boot::trial);
  EXPECT_EQ(version(), "1.1.0");
  EXPECT_EQ(updater().settings().sequence_floor, 4U);
  updater().confirm();
  EXPECT_EQ(boot(), Boot::normal);
  EXPECT_EQ(version(), "1.1.0");
  EXPECT_EQ(updater().settings().sequence_floor, 5U);
}

TEST_F(Lamp, GoesBackWhenTheTrialIsNotConfirmed) {
  ASSERT_TRUE(updater().offer(make_release({.epoch = 9}).envelope).accepted());
  EXPECT_EQ(boot(), Boot::trial);
  EXPECT_EQ(boot(), Boot::reverted);
  EXPECT_EQ(version(), "1.0.0");
  EXPECT_EQ(updater().settings().epoch_floor, 2U);
  EXPECT_EQ(boot(), Boot::normal);
  EXPECT_TRUE(updater().offer(make_release().envelope).accepted());
}

TEST_F(Lamp, RaisesTheEpochFloorOnlyAtConfirmation) {
  ASSERT_TRUE(updater().offer(make_release({.epoch = 3}).envelope).accepted());
  EXPECT_EQ(boot(), Boot::trial);
  EXPECT_EQ(updater().settings().epoch_floor, 2U);
  updater().confirm();
  EXPECT_EQ(updater().settings().epoch_floor, 3U);
  EXPECT_EQ(updater().offer(make_release({.sequence = 6, .epoch = 2}).envelope).reason, Reason::old_epoch);
}

TEST_F(Lamp, TakesANewerReleaseInPlaceOfAPendingOne) {
  ASSERT_TRUE(updater().offer(make_release().envelope).accepted());
  ASSERT_TRUE(updater().offer(make_release({.version = {1, 2, 0}, .sequence = 6}).envelope).accepted());
  EXPECT_EQ(boot(), Boot::trial);
  EXPECT_EQ(version(), "1.2.0");
}

TEST_F(Lamp, TakesNothingWhileATrialRuns) {
  ASSERT_TRUE(updater().offer(make_release().envelope).accepted());
  EXPECT_EQ(boot(), Boot::trial);
  EXPECT_EQ(updater().offer(make_release({.sequence = 6}).envelope).reason, Reason::trial_running);
}

struct Case {
  const char* name;
  Reason reason;
  Recipe recipe;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class LampRefuses : public Lamp, public testing::WithParamInterface<Case> {};

TEST_P(LampRefuses, AndNamesTheReasonAndStaysAsItWas) {
  const auto before = updater().settings();
  const auto outcome = updater().offer(make_release(GetParam().recipe).envelope);
  EXPECT_EQ(outcome.reason, GetParam().reason) << outcome.text;
  EXPECT_EQ(outcome.text, describe(GetParam().reason));
  EXPECT_EQ(updater().settings(), before);
  EXPECT_EQ(boot(), Boot::normal);
}

INSTANTIATE_TEST_SUITE_P(Table, LampRefuses,
                         testing::Values(Case{"OnlyOfficers",
                                              Reason::no_release_signature,
                                              {.release_signature = false, .officers = {0, 1, 2}}},
                                         Case{"OnlyTheReleaseKey", Reason::too_few_officers, {.officers = {}}},
                                         Case{"OneOfficer", Reason::too_few_officers, {.officers = {1}}},
                                         Case{"AnotherVendor", Reason::other_vendor, {.vendor = "other.example"}},
                                         Case{"AnotherModel", Reason::other_model, {.model = "gateway"}},
                                         Case{"SameSequence", Reason::old_sequence, {.sequence = 4}},
                                         Case{"LowerSequence", Reason::old_sequence, {.sequence = 3}},
                                         Case{"OlderEpoch", Reason::old_epoch, {.epoch = 1}},
                                         Case{"TooLarge", Reason::too_large, {.image = Bytes(4097, 1)}},
                                         Case{"KeyOfAnotherModel", Reason::not_decryptable, {.kek_fill = 0x4c}}));

TEST_F(Lamp, TakesAnImageThatFillsTheSlot) {
  EXPECT_TRUE(updater().offer(make_release({.image = Bytes(4096, 1)}).envelope).accepted());
}

TEST_F(Lamp, RefusesAPayloadThatIsNotTheSignedOne) {
  auto made = make_release();
  made.payload.back() ^= 1;
  EXPECT_EQ(updater().offer(encode_envelope(made.manifest, made.blocks, made.payload)).reason, Reason::payload_altered);
}

TEST_F(Lamp, RefusesEveryFlippedByte) {
  const auto good = make_release({.image = Bytes(40, 1)}).envelope;
  auto lamp = updater();
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 0x80;
    EXPECT_FALSE(lamp.offer(bad).accepted()) << "byte " << i;
  }
  EXPECT_TRUE(lamp.offer(good).accepted());
}

TEST_F(Lamp, RevertsWhenThePendingImageIsDamagedBeforeItsFirstStart) {
  ASSERT_TRUE(updater().offer(make_release().envelope).accepted());
  flash_.bytes(Area::slot_b)[10] ^= 1;
  EXPECT_EQ(boot(), Boot::reverted);
  EXPECT_EQ(version(), "1.0.0");
}

TEST_F(Lamp, RecoversAFormerImageButNotOneBelowTheEpochFloor) {
  ASSERT_TRUE(updater().offer(make_release({.epoch = 2}).envelope).accepted());
  ASSERT_EQ(boot(), Boot::trial);
  updater().confirm();
  flash_.bytes(Area::slot_b)[10] ^= 1;
  EXPECT_EQ(boot(), Boot::recovered);
  EXPECT_EQ(version(), "1.0.0");
  ASSERT_TRUE(updater().offer(make_release({.sequence = 6, .epoch = 3}).envelope).accepted());
  ASSERT_EQ(boot(), Boot::trial);
  updater().confirm();
  flash_.bytes(Area::slot_b)[10] ^= 1;
  EXPECT_EQ(boot(), Boot::unbootable);
}

TEST_F(Lamp, LosesNothingWithOneSettingsPage) {
  ASSERT_TRUE(updater().offer(make_release({.epoch = 3}).envelope).accepted());
  ASSERT_EQ(boot(), Boot::trial);
  updater().confirm();
  ASSERT_EQ(boot(), Boot::normal);
  const auto before = updater().settings();
  for (const auto area : {Area::settings_0, Area::settings_1}) {
    auto& byte = flash_.bytes(area)[20];
    byte ^= 1;
    EXPECT_EQ(updater().settings(), before);
    byte ^= 1;
  }
}

TEST_F(Lamp, DoesNotTakeLostFloorsToBeZero) {
  flash_.bytes(Area::settings_0)[20] ^= 1;
  flash_.bytes(Area::settings_1)[20] ^= 1;
  EXPECT_THROW((void)updater(), Error);
}

TEST_F(Lamp, IsProvisionedOnce) {
  EXPECT_THROW(device::provision(flash_, crypto_, kFactoryImage, {1, 0, 0}, 1, 0), Error);
}

TEST_F(Lamp, TriesTheNewImageAgainWhenTheFormerOneIsDamagedMeanwhile) {
  ASSERT_TRUE(updater().offer(make_release().envelope).accepted());
  ASSERT_EQ(boot(), Boot::trial);
  flash_.bytes(Area::slot_a)[10] ^= 1;
  EXPECT_EQ(boot(), Boot::trial);
  EXPECT_EQ(version(), "1.1.0");
}

TEST(FileFlash, KeepsAnUpdateAcrossRestarts) {
  const lamp::test::TemporaryDirectory directory;
  device::SoftwareCrypto crypto{kek()};
  const auto trust = lamp_trust();
  {
    device::FileFlash flash{directory / "flash", 73728};
    device::provision(flash, crypto, kFactoryImage, {1, 0, 0}, 4, 2);
    Updater updater{flash, crypto, trust};
    // More than one piece of the decryption.
    EXPECT_TRUE(updater.offer(make_release({.image = Bytes(70000, 7)}).envelope).accepted());
  }
  device::FileFlash flash{directory / "flash", 73728};
  Updater updater{flash, crypto, trust};
  EXPECT_EQ(updater.boot(), Boot::trial);
  EXPECT_EQ(updater.running().size, 70000U);
  EXPECT_THROW((device::FileFlash{directory / "flash", 1000}), Error);
}

TEST(FileFlash, RefusesWhatAPartCannotDo) {
  const lamp::test::TemporaryDirectory directory;
  device::FileFlash flash{directory / "flash", 5000};
  EXPECT_EQ(flash.size(Area::slot_a), 8192U);
  const Bytes unit(16, 0x5a);
  flash.write(Area::slot_b, 16, unit);
  EXPECT_THROW(flash.write(Area::slot_b, 16, unit), Error);
  EXPECT_THROW(flash.write(Area::slot_b, 8, unit), Error);
  EXPECT_THROW(flash.write(Area::slot_b, 8192, unit), Error);
  EXPECT_THROW(flash.erase(Area::slot_b, 16, 4096), Error);
}

}  // namespace
}  // namespace lamp::firmware::test
