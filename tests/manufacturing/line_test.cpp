#include "manufacturing/line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "tests/manufacturing/small_station.hpp"

namespace lamp::manufacturing {
namespace {

using test::SmallStation;

class Quiet final : public LineWatcher {
 public:
  void begun(const std::string&) override { ++tries; }
  void step(const std::string&, const std::string&, std::string_view) override {}
  void finished(const std::string&, const Attempt<Outcome>&) override {}
  void waiting(const OrderCount&) override { ++waits; }
  int tries = 0, waits = 0;
};

LineResult run(SmallStation& small, LineLimits::Until until, Quiet& watcher) {
  const auto station = small.station();
  return run_line(station, small.bench, watcher, {until, std::chrono::seconds{2}});
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

}  // namespace
}  // namespace lamp::manufacturing
