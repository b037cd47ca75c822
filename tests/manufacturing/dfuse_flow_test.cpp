// Parts behind ST's boot loader, through the whole flow: whatever happens to them, the next run finishes the same unit
// or says why not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/firmware/credential_block.hpp"
#include "lib/firmware/flash_record.hpp"
#include "manufacturing/station_flow.hpp"
#include "tests/manufacturing/dfuse_bench.hpp"

namespace lamp::manufacturing {
namespace {

using test::DfuseBench;
using test::SmallStation;
using testing::HasSubstr;
using testing::IsEmpty;
using Protection = sim::Stm32Memory::Protection;

struct DfuseLine {
  [[nodiscard]] Outcome run() { return station.run_on(bench, "1-1"); }
  [[nodiscard]] std::string failure() {
    const auto ran = attempt([&] { return run(); });
    const auto* error = std::get_if<Error>(&ran);
    return error != nullptr ? error->what() : std::get<Outcome>(ran).reason;
  }
  [[nodiscard]] const firmware::DfuseSettings& places() { return *station.profile("zigbee-luminaire").dfuse; }
  /// As the line does: a part that only did not answer is tried again.
  [[nodiscard]] std::string failure_of_three_tries() {
    std::string said = failure();
    for (int tries = 1; tries < 3 && said.find("gone") != std::string::npos; ++tries) said = failure();
    return said;
  }
  /// What an auditor finds wrong with the one unit and its part.
  [[nodiscard]] std::vector<std::string> problems() {
    auto found = station.problems_of(part.application());
    if (part.memory().protection() != Protection::level_2) found.emplace_back("not at level 2");
    if (!part.runs_application()) found.emplace_back("its boot loader runs");
    if (!firmware::is_erased(*part.memory().read(places().key_page, 256)))
      found.emplace_back("its key page is not empty");
    return found;
  }

  SmallStation station;
  sim::UsbDfusePart& part = station.new_dfuse_part("zigbee-luminaire");
  DfuseBench bench{station.fate, part};
};

TEST(DfuseFlow, MakesALuminaireFromABlankPart) {
  DfuseLine line;
  const auto outcome = line.run();
  EXPECT_EQ(outcome.serial, "ZL-26-000001");
  EXPECT_THAT(line.problems(), IsEmpty());
  EXPECT_THAT(line.station.units().front().lock, HasSubstr("option bytes read back: readout protection cc"));
}

TEST(DfuseFlow, AFinishedPartIsFoundFinished) {
  DfuseLine line;
  (void)line.run();
  EXPECT_EQ(line.run().serial, "ZL-26-000001");
  EXPECT_THAT(line.problems(), IsEmpty());
}

struct Stop {
  const char* name;
  bool power_goes_too;
};
void PrintTo(const Stop& s, std::ostream* os) { *os << s.name; }

class StoppedDfuse : public testing::TestWithParam<Stop> {};

/// "never" when the run was done before that moment.
std::string stopped_at(std::uint64_t moment, bool power_goes_too) {
  DfuseLine line;
  if (power_goes_too)
    line.bench.pull_cable_at(moment);
  else
    line.station.fate.kill_at(moment);
  try {
    if (std::holds_alternative<Outcome>(attempt([&] { return line.run(); }))) return "never";
  } catch (const test::Killed&) {
    line.station.fate.live();
  }
  std::string found = line.failure_of_three_tries();
  for (const auto& problem : line.problems()) found += problem + "; ";
  return found;
}

TEST_P(StoppedDfuse, FinishesTheSamePartWheneverItWasStopped) {
  constexpr std::uint64_t stride = 17;  // each moment takes a whole run
  std::vector<std::string> problems;
  std::uint64_t moment = GetParam().power_goes_too ? 0 : 4;
  for (std::string found; (found = stopped_at(moment, GetParam().power_goes_too)) != "never"; moment += stride)
    if (!found.empty()) problems.push_back("moment " + std::to_string(moment) + ": " + found);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_GT(moment, 100U);
}

INSTANTIATE_TEST_SUITE_P(By, StoppedDfuse, testing::Values(Stop{"Kill", false}, Stop{"PulledCable", true}));

TEST(DfuseFlow, ABitFlippedInTheReadBackStopsBeforeTheLock) {
  DfuseLine line;
  bool flipped = false;
  line.bench.falsify_upload = [&](std::uint32_t, SecureBytes& data) {
    const bool is_block = data.size() > 600 && data[0] == 'L' && data[3] == 'B';
    if (is_block) data[500] ^= 1, flipped = true;
  };
  EXPECT_THAT(line.failure(), HasSubstr("read back another credential block"));
  EXPECT_TRUE(flipped);
  EXPECT_EQ(line.part.memory().protection(), Protection::none);
  line.bench.falsify_upload = [](std::uint32_t, SecureBytes&) {};
  EXPECT_EQ(line.run().result, Outcome::Result::good);
  EXPECT_THAT(line.problems(), IsEmpty());
}

TEST(DfuseFlow, OptionBytesThatDoNotTakeAreReadBackAndSaidSo) {
  DfuseLine line;
  line.part.memory().wear_out_options();
  EXPECT_THAT(line.failure(), HasSubstr("the lock did not take: the option bytes read back aa, not cc"));
  EXPECT_EQ(line.station.units().front().state, UnitState::proven);
  EXPECT_EQ(line.station.units().front().lock, "unproven");
}

TEST(DfuseFlow, SilenceAfterTheResetIsUnproven) {
  DfuseLine line;
  line.bench.is_empty_after_restart = true;
  EXPECT_THAT(line.failure(), HasSubstr("its lock is unproven"));
  EXPECT_EQ(line.station.units().front().state, UnitState::proven);
  line.bench.is_empty_after_restart = false;
  (void)line.bench.open("1-1");
  EXPECT_EQ(line.run().result, Outcome::Result::good);
  EXPECT_THAT(line.problems(), IsEmpty());
}

TEST(DfuseFlow, APartOfAnotherSizeIsNoModelOfTheOrder) {
  DfuseLine line;
  line.bench.says_instead = DfuDescription{0x0483, 0xdf11, 0x011a, 1024, {"@Internal Flash /0x08000000/32*04Kg"}};
  EXPECT_THAT(line.failure(), HasSubstr("no model of this order is made of a part with 128 KiB"));
  EXPECT_THAT(line.station.units(), IsEmpty());
}

TEST(DfuseFlow, APartThatIsNotBlankIsRefusedBeforeItIsCounted) {
  DfuseLine line;
  ASSERT_EQ(line.part.memory().program(line.places().block_page, Bytes(8, 0x55)), sim::Stm32Memory::Write::done);
  EXPECT_THAT(line.failure(), HasSubstr("not blank: something is in the pages of its credential block"));
  EXPECT_THAT(line.station.units(), IsEmpty());
}

TEST(DfuseFlow, AnIdOfNothingButOnesIsNoId) {
  DfuseLine line;
  line.bench.falsify_upload = [](std::uint32_t size, SecureBytes& data) {
    if (size == 12) std::fill(data.begin(), data.end(), std::uint8_t{0xff});
  };
  EXPECT_THAT(line.failure(), HasSubstr("unique id is no id"));
}

TEST(DfuseFlow, ASecondPartWithTheSameIdIsNotTakenForTheFirst) {
  DfuseLine line;
  (void)line.run();
  auto& second = line.station.new_dfuse_part("zigbee-luminaire");
  line.bench.put_in(second);
  const auto id = line.part.application().chip_id();
  line.bench.falsify_upload = [&](std::uint32_t size, SecureBytes& data) {
    if (size == 12) std::copy(id.begin(), id.begin() + 12, data.begin());
  };
  EXPECT_THAT(line.failure(), HasSubstr("proven locked before"));
  EXPECT_TRUE(firmware::is_erased(*second.memory().read(line.places().block_page, 8192)));
}

TEST(DfuseFlow, APartThatSomebodyElseLockedIsRefused) {
  DfuseLine elsewhere, line;
  (void)elsewhere.run();
  line.bench.put_in(elsewhere.part);
  EXPECT_THAT(line.failure(), HasSubstr("locked already"));
}

TEST(DfuseFlow, AnApplicationThatIsNotLockedIsSentBackToItsBootLoader) {
  DfuseLine line;
  Bytes data;
  ASSERT_EQ(line.part.control({0x21, 1, 0, 0, 0}, data), sim::Outcome::done);
  ASSERT_EQ(line.part.control({0xa1, 3, 0, 0, 6}, data), sim::Outcome::farewell);
  line.part.power_cycle();
  ASSERT_TRUE(line.part.runs_application());
  EXPECT_THAT(line.failure(), HasSubstr("start its boot loader (BOOT0)"));
}

}  // namespace
}  // namespace lamp::manufacturing
