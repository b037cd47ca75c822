#include "lib/registry/claim.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "tests/registry/fleet.hpp"

namespace lamp::registry {
namespace {

using test::Fleet;
using test::kGoodCode;
using test::kNow;
using test::record;

class Claiming : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(fleet_.take_in(record(1)).first_time); }

  ClaimResult claim(unsigned number, const char* code, const char* project, const char* user, Instant now = kNow) {
    const auto typed = binding::read_claim_code(code);
    const auto mac = record(number).mac;
    return fleet_.write([&](store::Transaction& t) { return registry::claim(t, mac, typed, project, user, now); });
  }

  Fleet fleet_;
  static constexpr const char* kWrong = "AAAAAAAAAAAAAAAA";
};

TEST_F(Claiming, BringsADeviceToTheProject) {
  const auto result = claim(1, kGoodCode, "hq", "installer-1");
  EXPECT_EQ(result.answer, ClaimAnswer::claimed);
  EXPECT_EQ(result.serial, "SL-26-000001");
  EXPECT_EQ(fleet_.find("SL-26-000001")->project, "hq");
}

TEST_F(Claiming, GivesTheSameAnswerWhenRepeated) {
  ASSERT_TRUE(claim(1, kGoodCode, "hq", "installer-1").first_time);
  const auto again = claim(1, kGoodCode, "hq", "installer-1");
  EXPECT_EQ(again.answer, ClaimAnswer::claimed);
  EXPECT_EQ(again.serial, "SL-26-000001");
  EXPECT_FALSE(again.first_time);
}

TEST_F(Claiming, RefusesAlikeWhateverTheReason) {
  ASSERT_EQ(claim(1, kGoodCode, "hq", "installer-1").answer, ClaimAnswer::claimed);
  ASSERT_TRUE(fleet_.take_in(record(2)).first_time);
  ASSERT_TRUE(fleet_.write([](store::Transaction& t) { return revoke_device(t, "SL-26-000002", kNow); }));
  EXPECT_EQ(claim(1, kWrong, "hq", "installer-1").answer, ClaimAnswer::refused);
  EXPECT_EQ(claim(1, kGoodCode, "branch", "installer-2").answer, ClaimAnswer::refused);
  EXPECT_EQ(claim(2, kGoodCode, "branch", "installer-2").answer, ClaimAnswer::refused);
  EXPECT_EQ(claim(9, kGoodCode, "branch", "installer-2").answer, ClaimAnswer::refused);
  EXPECT_EQ(fleet_.find("SL-26-000001")->project, "hq");
}

TEST_F(Claiming, RefusesADeviceWhoseLabelHasNoCode) {
  auto lamp = record(3, "smart-lamp");
  lamp.claim_salt.clear();
  lamp.claim_verifier.clear();
  ASSERT_TRUE(fleet_.take_in(lamp).first_time);
  EXPECT_EQ(claim(3, kGoodCode, "hq", "installer-1").answer, ClaimAnswer::refused);
}

TEST_F(Claiming, KnowsOnlyTheUsersOwnProjects) {
  EXPECT_EQ(claim(1, kGoodCode, "branch", "installer-1").answer, ClaimAnswer::no_project);
  EXPECT_EQ(claim(1, kGoodCode, "nowhere", "installer-1").answer, ClaimAnswer::no_project);
}

TEST_F(Claiming, SlowsDownWhoGuessesAndNobodyElse) {
  for (int i = 0; i < kRefusedClaimsPerMinute; ++i)
    ASSERT_EQ(claim(1, kWrong, "hq", "installer-1").answer, ClaimAnswer::refused);
  EXPECT_EQ(claim(1, kGoodCode, "hq", "installer-1").answer, ClaimAnswer::slow_down);
  EXPECT_EQ(claim(9, kGoodCode, "branch", "installer-2").answer, ClaimAnswer::refused);
  EXPECT_EQ(claim(1, kGoodCode, "hq", "installer-1", kNow + std::chrono::seconds{70}).answer, ClaimAnswer::claimed);
}

TEST_F(Claiming, IsWonByExactlyOneOfManyAtOnce) {
  std::atomic<int> won{0}, refused{0};
  {
    std::vector<std::jthread> crowd;
    for (int i = 0; i < 8; ++i)
      crowd.emplace_back([&, even = i % 2 == 0] {
        const auto result =
            even ? claim(1, kGoodCode, "hq", "installer-1") : claim(1, kGoodCode, "branch", "installer-2");
        if (result.first_time) ++won;
        if (result.answer == ClaimAnswer::refused) ++refused;
      });
  }
  EXPECT_EQ(won, 1);
  EXPECT_EQ(refused, 4);
}

}  // namespace
}  // namespace lamp::registry
