#include "manufacturing/station_flow.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/manufacturing/small_station.hpp"

namespace lamp::manufacturing {
namespace {

using test::SmallStation;
using testing::HasSubstr;
using testing::IsEmpty;
using Result = Outcome::Result;

std::string failure_of(SmallStation& station) {
  const auto ran = attempt([&] { return station.run("1-1"); });
  const auto* error = std::get_if<Error>(&ran);
  return error != nullptr ? error->what() : "(no failure)";
}

TEST(StationFlow, MakesALampFromABlankChip) {
  SmallStation station;
  station.bench.plug_in("1-1", station.new_device("smart-lamp"));
  const auto outcome = station.run("1-1");
  EXPECT_EQ(outcome.result, Result::good);
  EXPECT_EQ(outcome.serial, "SL-26-000001");
  EXPECT_THAT(station.problems(), IsEmpty());
}

TEST(StationFlow, MakesAGatewayWhoseLabelClaimsIt) {
  SmallStation station;
  station.bench.plug_in("1-1", station.new_device("gateway"));
  EXPECT_EQ(station.run("1-1").serial, "GW-26-000001");
  EXPECT_THAT(station.problems(), IsEmpty());
}

TEST(StationFlow, AFinishedDeviceIsFoundFinished) {
  SmallStation station;
  station.bench.plug_in("1-1", station.new_device("smart-lamp"));
  (void)station.run("1-1");
  const auto again = station.run("1-1");
  EXPECT_EQ(again.result, Result::good);
  EXPECT_EQ(again.serial, "SL-26-000001");
  EXPECT_THAT(station.problems(), IsEmpty());
}

/// What an auditor finds when the station was killed at this moment and run again; "never" when it was done before.
std::string killed_at(std::uint64_t moment, const std::string& model) {
  SmallStation station;
  station.bench.plug_in("1-1", station.new_device(model));
  station.fate.kill_at(moment);
  try {
    (void)station.run("1-1");
    return "never";
  } catch (const test::Killed&) {
    station.fate.live();
  }
  if (station.run("1-1").result != Result::good) return "not good";
  std::string found;
  for (const auto& problem : station.problems()) found += problem + "; ";
  return found;
}

class KilledStation : public testing::TestWithParam<const char*> {};

TEST_P(KilledStation, FinishesTheSameDeviceWheneverItWasKilled) {
  std::uint64_t moments = 0;
  std::vector<std::string> problems;
  for (std::string found; (found = killed_at(moments, GetParam())) != "never"; ++moments)
    if (!found.empty()) problems.push_back("moment " + std::to_string(moments) + ": " + found);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_GT(moments, 25U);
}

INSTANTIATE_TEST_SUITE_P(Models, KilledStation, testing::Values("smart-lamp", "gateway"));

TEST(StationFlow, KilledAgainAndAgainMakesOneDevice) {
  SmallStation station;
  station.bench.plug_in("1-1", station.new_device("gateway"));
  for (const std::uint64_t moment : {3U, 5U, 9U, 2U, 12U, 7U}) {
    station.fate.kill_at(moment);
    EXPECT_THROW((void)station.run("1-1"), test::Killed);
  }
  station.fate.live();
  EXPECT_EQ(station.run("1-1").result, Result::good);
  EXPECT_THAT(station.problems(), IsEmpty());
}

TEST(StationFlow, AModelThatWasNotOrderedIsRefused) {
  SmallStation station;
  station.order.lines.pop_back();
  station.bench.plug_in("1-1", station.new_device("gateway"));
  const auto outcome = station.run("1-1");
  EXPECT_EQ(outcome.result, Result::refused);
  EXPECT_THAT(outcome.reason, HasSubstr("has no gateway"));
  EXPECT_THAT(station.units(), IsEmpty());
}

TEST(StationFlow, OneDeviceMoreThanOrderedIsRefused) {
  SmallStation station;
  station.bench.plug_in("1-1", station.new_device("gateway"));
  (void)station.run("1-1");
  station.bench.plug_in("1-2", station.new_device("gateway"));
  const auto outcome = station.run("1-2");
  EXPECT_EQ(outcome.result, Result::refused);
  EXPECT_THAT(outcome.reason, HasSubstr("exhausted"));
  EXPECT_EQ(station.certificates_issued(), 1U);
}

TEST(StationFlow, ADeviceThatSomebodyElseLockedIsRefused) {
  SmallStation elsewhere, station;
  auto& device = elsewhere.new_device("smart-lamp");
  elsewhere.bench.plug_in("1-1", device);
  (void)elsewhere.run("1-1");
  station.bench.plug_in("1-1", device);
  const auto outcome = station.run("1-1");
  EXPECT_EQ(outcome.result, Result::refused);
  EXPECT_THAT(outcome.reason, HasSubstr("locked already"));
}

TEST(StationFlow, ALockThatDidNotTakeIsNotRecordedAsOne) {
  SmallStation station;
  station.bench.plug_in("1-1", station.new_device("smart-lamp"));
  station.bench.falsify = [](Response& response) {
    if (auto* proof = std::get_if<Proof>(&response.body)) proof->debug_port = DebugPort::open;
  };
  // The lie is not what the device signed.
  EXPECT_THAT(failure_of(station), HasSubstr("signature of its state does not hold"));
  EXPECT_EQ(station.units().front().state, UnitState::proven);
  EXPECT_EQ(station.units().front().lock, "unproven");
}

TEST(StationFlow, SilenceAfterTheResetIsUnproven) {
  SmallStation station;
  auto& device = station.new_device("smart-lamp");
  station.bench.plug_in("1-1", device);
  station.bench.silent_after_reset = true;
  EXPECT_THAT(failure_of(station), HasSubstr("its lock is unproven"));
  EXPECT_EQ(station.units().front().state, UnitState::proven);
  station.bench.silent_after_reset = false;
  station.bench.plug_in("1-1", device);
  EXPECT_EQ(station.run("1-1").result, Result::good);
  EXPECT_THAT(station.problems(), IsEmpty());
}

TEST(StationFlow, ABitFlippedInTheReadBackStopsBeforeTheLock) {
  SmallStation station;
  auto& device = station.new_device("smart-lamp");
  station.bench.plug_in("1-1", device);
  station.bench.falsify = [](Response& response) {
    if (auto* installed = std::get_if<Installed>(&response.body)) installed->digest[0] ^= 1;
  };
  EXPECT_THAT(failure_of(station), HasSubstr("read back another credential block"));
  EXPECT_EQ(device.flash().contents().state, Lifecycle::provisioned);
}

TEST(StationFlow, AKeyThatIsNotTheSignersIsRefused) {
  SmallStation station;
  station.bench.plug_in("1-1", station.new_device("smart-lamp"));
  station.bench.falsify = [](Response& response) {
    if (auto* key = std::get_if<GeneratedKey>(&response.body)) key->signature[5] ^= 1;
  };
  EXPECT_THAT(failure_of(station), HasSubstr("signature of its new key does not hold"));
  EXPECT_EQ(station.certificates_issued(), 0U);
}

TEST(StationFlow, ASecondDeviceWithTheSameChipIdIsNotTakenForTheFirst) {
  SmallStation station;
  auto& first = station.new_device("smart-lamp");
  station.bench.plug_in("1-1", first);
  (void)station.run("1-1");
  auto& second = station.new_device("smart-lamp");
  station.bench.plug_in("1-1", second);
  station.bench.falsify = [&](Response& response) {
    if (auto* identity = std::get_if<Identity>(&response.body)) identity->chip_id = first.chip_id();
  };
  EXPECT_THAT(failure_of(station), HasSubstr("proven locked before"));
  EXPECT_EQ(second.flash().contents().state, Lifecycle::blank);
}

}  // namespace
}  // namespace lamp::manufacturing
