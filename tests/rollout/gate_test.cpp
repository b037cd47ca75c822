#include "lib/rollout/gate.hpp"

#include <gmock/gmock.h>

namespace lamp::rollout {
namespace {

struct Case {
  const char* name;
  Gate gate;
  WaveCounts counts;
  GateAnswer answer;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class Gates : public testing::TestWithParam<Case> {};

TEST_P(Gates, Answer) { EXPECT_EQ(judge(GetParam().gate, GetParam().counts).answer, GetParam().answer); }

constexpr Gate kAll{100, 0};
constexpr Gate kMost{90, 1};

INSTANTIATE_TEST_SUITE_P(
    Table, Gates,
    testing::Values(
        Case{"NobodyWasHeardOf", kAll, {.waiting = 4}, GateAnswer::wait},
        Case{"InstalledIsNotProven", kAll, {.installed = 4}, GateAnswer::wait},
        Case{"AllButOne", kAll, {.waiting = 1, .proven = 3}, GateAnswer::wait},
        Case{"AllProven", kAll, {.proven = 4}, GateAnswer::pass},
        Case{"FirstFailure", kAll, {.waiting = 3, .failed = 1}, GateAnswer::fail},
        Case{"ForgivenFailure", kAll, {.waiting = 3, .failed = 1, .forgiven = 1}, GateAnswer::wait},
        Case{"TheOthersAfterAForgivenOne", kAll, {.proven = 3, .failed = 1, .forgiven = 1}, GateAnswer::pass},
        Case{"AnotherFailure", kAll, {.proven = 2, .failed = 2, .forgiven = 1}, GateAnswer::fail},
        Case{"OneFailureIsAllowed", kMost, {.waiting = 9, .failed = 1}, GateAnswer::wait},
        Case{"TwoAreNot", kMost, {.waiting = 8, .failed = 2}, GateAnswer::fail},
        Case{"ShareIsRoundedUp", kMost, {.waiting = 2, .proven = 9}, GateAnswer::wait},
        Case{"ShareIsReached", kMost, {.waiting = 1, .proven = 10}, GateAnswer::pass},
        Case{"OfflineDevicesDoNotHideAFault", kAll, {.waiting = 99, .failed = 1}, GateAnswer::fail},
        Case{"NobodyIsLeftToProve",
             {.proven_percent = 100, .most_failures = 5},
             {.proven = 3, .failed = 1},
             GateAnswer::fail},
        Case{"NoDevices", kAll, {}, GateAnswer::pass}),
    [](const auto& given) { return given.param.name; });

TEST(Gates, SayWhy) {
  EXPECT_EQ(judge(kMost, {.waiting = 1, .failed = 2}).why, "2 failed, 1 may");
  EXPECT_EQ(judge({100, 5}, {.proven = 3, .failed = 1}).why, "3 of 4 proven, 4 must be");
}

}  // namespace
}  // namespace lamp::rollout
