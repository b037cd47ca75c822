#include "manufacturing/line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "tests/manufacturing/small_station.hpp"

namespace lamp::manufacturing {
namespace {

using test::SmallStation;

class Quiet : public LineWatcher {
 public:
  void begun(const std::string&) override { ++tries; }
  void step(const std::string&, const std::string&, std::string_view) override {}
  void finished(const std::string&, const Attempt<Outcome>&, const Times&) override {}
  void waiting(const OrderCount&) override { ++waits; }
  int tries = 0, waits = 0;
};

LineResult run(SmallStation& small, LineLimits::Until until, Quiet& watcher, const std::stop_token& stop = {}) {
  const auto station = small.station();
  return run_line(station, small.bench, watcher, {until, std::chrono::seconds{2}}, stop);
}

TEST(Line, MakesAnOrderComplete) {
  SmallStation small;
  Quiet watcher;
  small.bench.plug_in("1-1", small.new_device("smart-lamp"));
  small.bench.plug_in("1-2", small.new_device("smart-lamp"));
  small.bench.plug_in("1-3", small.new_device("gateway"));
  const auto result = run(small, LineLimits::Until::order_complete, watcher);
  EXPECT_TRUE(result.count.complete());
  EXPECT_EQ(result.good, 3U);
}

TEST(Line, TouchesNothingWhenTheOrderIsComplete) {
  SmallStation small;
  Quiet first, second;
  small.bench.plug_in("1-1", small.new_device("smart-lamp"));
  small.bench.plug_in("1-2", small.new_device("smart-lamp"));
  small.bench.plug_in("1-3", small.new_device("gateway"));
  (void)run(small, LineLimits::Until::order_complete, first);
  EXPECT_TRUE(run(small, LineLimits::Until::order_complete, second).count.complete());
  EXPECT_EQ(second.tries, 0);
}

TEST(Line, GivesUpWhenNothingComes) {
  SmallStation small;
  Quiet watcher;
  const auto result = run(small, LineLimits::Until::order_complete, watcher);
  EXPECT_FALSE(result.count.complete());
  EXPECT_EQ(watcher.waits, 1);
  EXPECT_GE(small.bench.waited, std::chrono::seconds{2});
}

TEST(Line, TriesASilentDeviceThreeTimesAndGoesOnWithTheNext) {
  SmallStation small;
  Quiet watcher;
  auto& silent = small.new_device("smart-lamp");
  small.bench.plug_in("1-1", silent);
  small.bench.plug_in("1-2", small.new_device("gateway"));
  small.bench.falsify = [&](Response& response) {
    const auto* identity = std::get_if<Identity>(&response.body);
    if (identity != nullptr && identity->chip_id == silent.chip_id()) response.body = Refusal{Status::internal, "busy"};
  };
  const auto result = run(small, LineLimits::Until::order_complete, watcher);
  EXPECT_EQ(result.good, 1U);
  EXPECT_EQ(result.failed, 1U);
  EXPECT_EQ(watcher.tries, 4);
}

// Its try counts as failed although nobody can try again.
TEST(Line, CountsADeviceThatIsPulledOutInTheMiddleAsFailed) {
  SmallStation small;
  Quiet watcher;
  small.bench.plug_in("1-1", small.new_device("smart-lamp"));
  small.bench.falsify = [&](Response& response) {
    if (std::holds_alternative<Identity>(response.body)) return;
    small.bench.unplug("1-1");
    throw Error{Errc::unavailable, "the device is gone"};
  };
  const auto result = run(small, LineLimits::Until::plugged_in_now, watcher);
  EXPECT_EQ(result.good, 0U);
  EXPECT_EQ(result.failed, 1U);
}

TEST(Line, DoesOnePassOverWhatIsPluggedInNow) {
  SmallStation small;
  Quiet watcher;
  small.bench.plug_in("1-1", small.new_device("smart-lamp"));
  const auto result = run(small, LineLimits::Until::plugged_in_now, watcher);
  EXPECT_EQ(result.good, 1U);
  EXPECT_EQ(watcher.waits, 0);
}

/// A whole crate, many more than the order wants.
void plug_in_lamps(SmallStation& small, int lamps) {
  for (int i = 1; i <= lamps; ++i) small.bench.plug_in("1-" + std::to_string(i), small.new_device("smart-lamp"));
}

TEST(Line, NeverMakesMoreThanTheOrderSaysHoweverManyPortsWork) {
  SmallStation small;
  small.order.lines.front().quantity = 5;
  Quiet watcher;
  plug_in_lamps(small, 12);
  const auto result = run(small, LineLimits::Until::plugged_in_now, watcher);
  EXPECT_EQ(result.good, 5U);
  EXPECT_EQ(small.units().size(), 5U);
  EXPECT_EQ(small.certificates_issued(), 5U);
  EXPECT_EQ(result.failed, 0U);
}

/// How many devices are worked on at once.
class Crowd final : public Quiet {
 public:
  void begun(const std::string& port) override {
    Quiet::begun(port);
    most = std::max(most, ++now);
  }
  void finished(const std::string&, const Attempt<Outcome>&, const Times& times) override {
    --now;
    EXPECT_GE(times.total, times.device + times.token);
    EXPECT_GT(times.token.count(), 0);
  }
  int now = 0, most = 0;
};

TEST(Line, WorksOnAsManyPortsAtOnceAsItMay) {
  SmallStation small;
  small.order.lines.front().quantity = 6;
  Crowd watcher;
  plug_in_lamps(small, 6);
  const auto station = small.station();
  const auto result =
      run_line(station, small.bench, watcher, {LineLimits::Until::plugged_in_now, std::chrono::seconds{2}, 3});
  EXPECT_EQ(result.good, 6U);
  EXPECT_EQ(watcher.most, 3);
}

// It vanishes while the others are at work; their ports know nothing of it.
TEST(Line, LosesOneDeviceAndMakesTheOthers) {
  SmallStation small;
  small.order.lines.front().quantity = 8;
  Quiet watcher;
  plug_in_lamps(small, 7);
  auto& lost = small.new_device("smart-lamp");
  small.bench.plug_in("2-1", lost);
  small.bench.falsify = [&](Response& response) {
    const auto* identity = std::get_if<Identity>(&response.body);
    if (identity == nullptr || identity->chip_id != lost.chip_id()) return;
    small.bench.unplug("2-1");
    throw Error{Errc::unavailable, "the device is gone"};
  };
  const auto result = run(small, LineLimits::Until::plugged_in_now, watcher);
  EXPECT_EQ(result.good, 7U);
  EXPECT_EQ(result.failed, 1U);
  EXPECT_THAT(result.reasons, testing::ElementsAre(testing::Pair("no answer", 1U)));
  EXPECT_DOUBLE_EQ(result.yield(), 7.0 / 8);
}

/// The next device goes into the port as soon as one is through, without an empty moment in between.
class QuickHands final : public Quiet {
 public:
  QuickHands(SmallStation& small, int more) : small_{small}, more_{more} {}
  void finished(const std::string& port, const Attempt<Outcome>&, const Times&) override {
    if (more_-- > 0) small_.bench.plug_in(port, small_.new_device("smart-lamp"));
  }

 private:
  SmallStation& small_;
  int more_;
};

TEST(Line, SeesThatAnotherDeviceIsInThePort) {
  SmallStation small;
  small.order.lines.front().quantity = 4;
  QuickHands watcher{small, 3};
  small.bench.plug_in("1-1", small.new_device("smart-lamp"));
  EXPECT_EQ(run(small, LineLimits::Until::plugged_in_now, watcher).good, 4U);
  EXPECT_EQ(watcher.tries, 4);
}

// A device that failed is one that failed, whatever comes into its port.
TEST(Line, CountsAFailedDeviceThatWasReplacedByAnother) {
  SmallStation small;
  small.order.lines.front().quantity = 2;
  Quiet watcher;
  auto& lost = small.new_device("smart-lamp");
  small.bench.plug_in("1-1", lost);
  small.bench.falsify = [&](Response& response) {
    if (!std::holds_alternative<Installed>(response.body) || small.units().size() != 1) return;
    small.bench.plug_in("1-1", small.new_device("smart-lamp"));
    throw Error{Errc::unavailable, "the device is gone"};
  };
  const auto result = run(small, LineLimits::Until::plugged_in_now, watcher);
  EXPECT_EQ(result.good, 1U);
  EXPECT_EQ(result.failed, 1U);
}

/// Asks the line to stop when a device has come as far as this.
class StopsAt final : public Quiet {
 public:
  explicit StopsAt(std::string_view step) : step_{step} {}
  void step(const std::string&, const std::string&, std::string_view step) override {
    if (step == step_) stop.request_stop();
  }
  std::stop_source stop;

 private:
  std::string_view step_;
};

TEST(Line, LeavesADeviceBeforeItsLockWhenItIsToStop) {
  SmallStation small;
  StopsAt watcher{"issue"};
  auto& device = small.new_device("smart-lamp");
  small.bench.plug_in("1-1", device);
  const auto result = run(small, LineLimits::Until::order_complete, watcher, watcher.stop.get_token());
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.left, 1U);
  EXPECT_EQ(result.good + result.failed, 0U);
  EXPECT_EQ(small.units().front().state, UnitState::certified);
  Quiet again;
  EXPECT_EQ(run(small, LineLimits::Until::plugged_in_now, again).good, 1U);
  EXPECT_THAT(small.problems(), testing::IsEmpty());
}

TEST(Line, FinishesALockThatWasBegunBeforeItStops) {
  SmallStation small;
  StopsAt watcher{"lock"};
  small.bench.plug_in("1-1", small.new_device("smart-lamp"));
  const auto result = run(small, LineLimits::Until::order_complete, watcher, watcher.stop.get_token());
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.good, 1U);
  EXPECT_THAT(small.problems(), testing::IsEmpty());
}

// It is not the devices' fault: none counts as failed, none is tried again, and those that wait are not touched.
TEST(Line, EndsWhenTheStationsOwnTokenIsGone) {
  SmallStation small;
  small.order.lines.front().quantity = 8;
  Quiet watcher;
  plug_in_lamps(small, 8);
  small.issuing_key.is_lost = true;
  const auto station = small.station();
  const auto ran = attempt([&] {
    return run_line(station, small.bench, watcher, {LineLimits::Until::order_complete, std::chrono::seconds{2}, 2});
  });
  const auto* error = std::get_if<Error>(&ran);
  ASSERT_NE(error, nullptr);
  EXPECT_THAT(error->what(), testing::HasSubstr("token \"line1\" is gone"));
  EXPECT_LE(watcher.tries, 3);
  small.issuing_key.is_lost = false;
  Quiet again;
  EXPECT_EQ(run(small, LineLimits::Until::order_complete, again).good, 8U);
}

TEST(Line, BeginsNothingWhenItWasToStopBefore) {
  SmallStation small;
  Quiet watcher;
  small.bench.plug_in("1-1", small.new_device("smart-lamp"));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(run(small, LineLimits::Until::order_complete, watcher, stop.get_token()).stopped);
  EXPECT_EQ(watcher.tries, 0);
}

}  // namespace
}  // namespace lamp::manufacturing
