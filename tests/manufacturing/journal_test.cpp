#include "manufacturing/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::manufacturing {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Instant kNow = from_unix_seconds(1'795'000'000);

class Journal : public testing::Test {
 protected:
  Journal() {
    database_.migrate(journal_schema());
    order_ = {"order-1", "demo", "line1", Bytes(32, 9), kNow, kNow + std::chrono::days{30}, {}, {}};
    order_.lines.push_back({"smart-lamp", 2, Bytes(32, 1), "SL-26-", 5, MacAddress::parse("00:00:5e:00:53:05")});
    (void)import(order_);
  }
  Import import(const Order& order) {
    return database_.write([&](store::Transaction& t) { return import_order(t, order, kNow); });
  }
  Reservation reserve(std::uint8_t chip, const std::string& port = "1-1", const std::string& model = "smart-lamp") {
    const Part part{model, Bytes(16, chip), Lifecycle::blank, {}, {}};
    return database_.write([&](store::Transaction& t) { return reserve_unit(t, order_, part, port, kNow); });
  }
  void finish(Unit unit, UnitState state) {
    unit.state = state;
    database_.write([&](store::Transaction& t) { save(t, unit, "test", kNow); });
  }
  std::vector<Unit> not_synced(const std::string& station = "line1") {
    return database_.read([&](store::Transaction& t) { return unsynced(t, station, 10); });
  }

  test::TemporaryDirectory folder_;
  store::Database database_{folder_ / "state.db"};
  Order order_;
};

TEST_F(Journal, GivesEachChipTheNextNumberAndAddress) {
  EXPECT_EQ(reserve(1).unit->serial, "SL-26-000005");
  const auto second = reserve(2);
  EXPECT_EQ(second.unit->serial, "SL-26-000006");
  EXPECT_EQ(second.unit->mac.text(), "00:00:5e:00:53:06");
  EXPECT_EQ(second.unit->lock, "unproven");
}

TEST_F(Journal, GivesAKnownChipItsUnitAgain) {
  EXPECT_TRUE(reserve(1).is_new);
  const auto again = reserve(1, "2-4");
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(again.unit->serial, "SL-26-000005");
  EXPECT_EQ(again.unit->port, "2-4");
}

TEST_F(Journal, RefusesMoreThanWasOrdered) {
  (void)reserve(1);
  (void)reserve(2);
  EXPECT_THAT(reserve(3).refusal, HasSubstr("exhausted"));
}

TEST_F(Journal, DoesNotGiveBackWhatWasScrapped) {
  finish(*reserve(1).unit, UnitState::scrapped);
  (void)reserve(2);
  EXPECT_THAT(reserve(3).refusal, HasSubstr("exhausted"));
  EXPECT_THAT(reserve(1).refusal, HasSubstr("was scrapped"));
}

TEST_F(Journal, RefusesAChipThatChangedItsModel) {
  (void)reserve(1);
  EXPECT_THAT(reserve(1, "1-1", "gateway").refusal, HasSubstr("the device says gateway"));
}

TEST_F(Journal, RefusesAChipOfAnotherOrder) {
  (void)reserve(1);
  order_.id = "order-2";
  EXPECT_THAT(reserve(1).refusal, HasSubstr("belongs to order order-1"));
}

TEST_F(Journal, TakesTheSameOrderAgain) { EXPECT_EQ(import(order_), Import::known); }

TEST_F(Journal, RefusesAnOrderThatChanged) {
  order_.lines[0].quantity = 3;
  const auto imported = attempt([&] { return import(order_); });
  ASSERT_TRUE(std::holds_alternative<Error>(imported));
  EXPECT_EQ(std::get<Error>(imported).code(), Errc::denied);
  EXPECT_THAT(std::get<Error>(imported).what(), HasSubstr("altered"));
}

TEST_F(Journal, RefusesAClosedOrder) {
  database_.write([&](store::Transaction& t) { close_order(t, "order-1", kNow); });
  const auto imported = attempt([&] { return import(order_); });
  EXPECT_THAT(std::get<Error>(imported).what(), HasSubstr("was closed at 2026"));
}

TEST_F(Journal, CountsWhatIsBegunDoneAndScrapped) {
  finish(*reserve(1).unit, UnitState::done);
  finish(*reserve(2).unit, UnitState::scrapped);
  const auto counted = database_.read([&](store::Transaction& t) { return count(t, order_); });
  EXPECT_EQ(counted.done, 1U);
  EXPECT_EQ(counted.scrapped, 1U);
  EXPECT_TRUE(counted.complete());
}

TEST_F(Journal, HandsOverFinishedUnitsUntilTheServiceAnswered) {
  finish(*reserve(1).unit, UnitState::done);
  (void)reserve(2);
  EXPECT_THAT(not_synced(), SizeIs(1));
  EXPECT_THAT(not_synced(""), SizeIs(1));
  EXPECT_THAT(not_synced("line2"), IsEmpty());
  database_.write([&](store::Transaction& t) { note_sync(t, "SL-26-000005", SyncState::parked, "a conflict", kNow); });
  EXPECT_THAT(not_synced(), IsEmpty());
  database_.write([](store::Transaction& t) { forget_parked(t); });
  EXPECT_THAT(not_synced(), SizeIs(1));
}

}  // namespace
}  // namespace lamp::manufacturing
