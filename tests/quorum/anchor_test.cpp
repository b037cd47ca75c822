#include "lib/quorum/anchor.hpp"

#include <botan/pk_keys.h>
#include <gtest/gtest.h>

#include "tests/quorum/small_quorum.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::quorum {
namespace {

class Anchor : public testing::Test {
 protected:
  Anchor() { database_.migrate(schema()); }
  void remember_it(const Roster& roster) {
    database_.write([&](store::Transaction& t) { remember(t, roster); });
  }
  Known recognise_it(const Roster& roster) {
    return database_.read([&](store::Transaction& t) { return recognise(t, roster); });
  }

  test::TemporaryDirectory folder_;
  store::Database database_{folder_ / "state.db"};
};

TEST_F(Anchor, RecognisesTheRosterThatWasMadeHere) {
  remember_it(test::small_quorum().roster);
  EXPECT_EQ(recognise_it(test::small_quorum().roster), Known::yes);
}

TEST_F(Anchor, SaysSoWhenItNeverSawTheRoster) {
  EXPECT_EQ(recognise_it(test::small_quorum().roster), Known::never_seen);
}

TEST_F(Anchor, RefusesAnotherRosterOfTheSameNameHoweverWellSigned) {
  remember_it(test::small_quorum().roster);
  const test::SmallQuorum forged;
  EXPECT_THROW((void)recognise_it(forged.roster), Error);
}

TEST_F(Anchor, RecognisesARosterThatDescendsFromTheOneItKnows) {
  const auto& first = test::small_quorum().roster;
  remember_it(first);
  Roster newer = first;
  newer.epoch = 2;
  newer.ancestors = {first.digest()};
  EXPECT_EQ(recognise_it(newer), Known::yes);
}

TEST_F(Anchor, RefusesARosterThatDescendsFromAnother) {
  remember_it(test::small_quorum().roster);
  Roster newer = test::small_quorum().roster;
  newer.epoch = 2;
  newer.ancestors = {Bytes(32, 1)};
  EXPECT_THROW((void)recognise_it(newer), Error);
}

TEST_F(Anchor, RefusesAnOlderEpoch) {
  Roster newer = test::small_quorum().roster;
  newer.epoch = 2;
  remember_it(test::small_quorum().roster);
  remember_it(newer);
  EXPECT_THROW((void)recognise_it(test::small_quorum().roster), Error);
}

}  // namespace
}  // namespace lamp::quorum
