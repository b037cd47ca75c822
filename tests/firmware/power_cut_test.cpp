#include "tests/firmware/power_cut.hpp"

#include <gmock/gmock.h>

#include <cstdio>

#include "lib/base/error.hpp"

namespace lamp::firmware::test {
namespace {

using device::Area;
using device::Boot;

void print_row(const char* name, const Tally& t) {
  const auto boots = [&](Boot boot) { return t.boots[static_cast<std::size_t>(boot)]; };
  std::printf("  %-24s %6zu %6zu %7zu %6zu | %6zu %6zu %6zu %4zu | %5zu %5zu %5zu %5zu %5zu\n", name, t.erases,
              t.writes, t.cuts, t.second_cuts, boots(Boot::normal), boots(Boot::trial), boots(Boot::reverted),
              boots(Boot::recovered), t.unverified, t.below_floor, t.bricked, t.unfinished, t.believed);
}

void print_head(const char* what) {
  std::printf("  %-24s %6s %6s %7s %6s | %6s %6s %6s %4s | %5s %5s %5s %5s %5s\n", what, "erases", "writes", "cuts",
              "twice", "normal", "trial", "revert", "rec.", "unver", "floor", "brick", "stuck", "revkd");
}

/// The table that the promise of lamp-release(5) rests on: no power cut makes a device start what nobody signed, or
/// what is below its floor, or leaves it unable to start or to complete the update.
TEST(PowerCut, AtEveryEraseAndWriteLosesNothing) {
  const auto trust = lamp_trust();
  PowerCuts cuts{genuine_releases(), trust, right_model()};
  print_head("story");
  std::size_t points = 0;
  for (const auto& story : stories()) {
    const auto tally = cuts.run(story);
    print_row(story.name, tally);
    EXPECT_TRUE(tally.clean()) << story.name << ": " << tally.first;
    points += tally.erases + tally.writes;
  }
  EXPECT_GT(points, 2000U);
}

/// Coarse and fine parts: one block per slot and one unit of 64 bytes; single bytes.
TEST(PowerCut, LosesNothingOnOtherParts) {
  const auto trust = lamp_trust();
  PowerCuts cuts{genuine_releases(), trust, right_model()};
  for (const auto& geometry : {Geometry{4096, 4096, 4096, 64}, Geometry{5120, 1024, 512, 32}}) {
    const auto tally = cuts.run(stories()[2], geometry);
    EXPECT_TRUE(tally.clean()) << tally.first;
    EXPECT_GT(tally.cuts, 500U);
  }
}

/// The part refuses one operation and works again: the updater goes on running, unlike at a power cut.
TEST(PowerCut, SurvivesAPartThatRefusesOnce) {
  const auto trust = lamp_trust();
  Verified verified;
  QuickCrypto crypto{verified};
  const auto& releases = genuine_releases();
  const auto& first = releases[0].recipe;
  FlashModel provisioned;
  device::provision(provisioned, crypto, first.image, first.version, first.sequence, first.epoch);
  for (std::size_t at = 1;; ++at) {
    auto flash = provisioned;
    fail_after(flash, at);
    device::Updater updater{flash, crypto, trust};
    const auto ran = attempt([&] {
      (void)updater.boot();
      if (!updater.offer(releases[1].made.envelope).accepted()) (void)updater.offer(releases[1].made.envelope);
      (void)updater.boot();
      updater.confirm();
      return true;
    });
    const bool went_through = flash.operations() < at;
    power_on(flash);
    device::Updater again{flash, crypto, trust};
    ASSERT_NE(again.boot(), Boot::unbootable) << at;
    if (again.settings().trial == device::Trial::running) again.confirm();
    if (again.running().sequence != 5) {
      ASSERT_EQ(again.offer(releases[1].made.envelope).text, "") << at;
      ASSERT_EQ(again.boot(), Boot::trial) << at;
      again.confirm();
    }
    ASSERT_EQ(again.settings().sequence_floor, 5U) << at;
    if (went_through) {
      EXPECT_TRUE(std::holds_alternative<bool>(ran));
      EXPECT_GT(at, 300U);
      return;
    }
  }
}

TEST(FlashModel, RefusesWhatAPartCannotDo) {
  FlashModel flash;
  const Bytes unit(16, 0x5a);
  EXPECT_THROW(flash.write(Area::slot_a, 8, unit), Error);
  EXPECT_THROW(flash.write(Area::slot_a, 0, ByteView{unit}.first(15)), Error);
  EXPECT_THROW(flash.write(Area::slot_a, 4096, unit), Error);
  EXPECT_THROW(flash.erase(Area::slot_a, 512, 1024), Error);
  EXPECT_THROW(flash.erase(Area::slot_a, 0, 100), Error);
  flash.write(Area::slot_a, 16, unit);
  EXPECT_THROW(flash.write(Area::slot_a, 16, unit), Error);
  flash.erase(Area::slot_a, 0, 1024);
  flash.write(Area::slot_a, 16, unit);
  EXPECT_EQ(flash.bytes(Area::slot_a)[16], 0x5a);
}

TEST(FlashModel, WantsATornUnitErasedEvenWhenItReadsBlank) {
  FlashModel flash;
  std::mt19937 dice{1};
  const Bytes blank(16, 0xff);
  flash.tear({Operation::write, Area::slot_b, 32, blank}, Torn::prefix, dice);
  EXPECT_EQ(flash.bytes(Area::slot_b)[32], 0xff);
  EXPECT_THROW(flash.write(Area::slot_b, 32, blank), Error);
  flash.erase(Area::slot_b, 0, 1024);
  flash.write(Area::slot_b, 32, blank);
}

TEST(FlashModel, CutsThePowerWhereItIsTold) {
  FlashModel flash;
  std::mt19937 dice{1};
  cut_power_after(flash, 2, Torn::zeros, dice);
  const Bytes units(64, 0x77);
  EXPECT_THROW(flash.write(Area::slot_a, 0, units), PowerCut);
  EXPECT_THROW(flash.erase(Area::slot_b), PowerCut);
  power_on(flash);
  EXPECT_EQ(flash.bytes(Area::slot_a)[15], 0x77);
  EXPECT_EQ(flash.bytes(Area::slot_a)[16], 0x00);
  EXPECT_EQ(flash.bytes(Area::slot_a)[32], 0xff);
}

}  // namespace
}  // namespace lamp::firmware::test
