#include "lib/cloud/rate_limit.hpp"

#include <gtest/gtest.h>

namespace lamp::cloud {
namespace {

using namespace std::chrono_literals;

const RateLimiter::Time kStart{std::chrono::hours{1}};

TEST(RateLimiter, AllowsSomeAtOnceThenOneInAWhile) {
  RateLimiter limiter{{.at_once = 3, .one_each = 10s}};
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limiter.take("lamp", kStart));
  EXPECT_EQ(limiter.take("lamp", kStart), 10s);
  EXPECT_EQ(limiter.take("lamp", kStart + 9500ms), 1s);
  EXPECT_FALSE(limiter.take("lamp", kStart + 10s));
  EXPECT_TRUE(limiter.take("lamp", kStart + 10s));
}

TEST(RateLimiter, DoesNotPunishAskingTooOften) {
  RateLimiter limiter{{.at_once = 1, .one_each = 10s}};
  EXPECT_FALSE(limiter.take("lamp", kStart));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(limiter.take("lamp", kStart + 5s));
  EXPECT_FALSE(limiter.take("lamp", kStart + 10s));
}

TEST(RateLimiter, CountsEachAlone) {
  RateLimiter limiter{{.at_once = 1, .one_each = 10s}};
  EXPECT_FALSE(limiter.take("one", kStart));
  EXPECT_FALSE(limiter.take("two", kStart));
  EXPECT_TRUE(limiter.take("one", kStart));
}

TEST(RateLimiter, HoldsNoMoreThanItMayAndForgetsTheQuiet) {
  RateLimiter limiter{{.at_once = 1, .one_each = 10s}, 100};
  for (int i = 0; i < 5000; ++i) static_cast<void>(limiter.take(std::to_string(i), kStart));
  EXPECT_LE(limiter.size(), 101U);
  EXPECT_TRUE(limiter.take("newcomer", kStart)) << "beyond the bound, newcomers share one allowance";
  EXPECT_FALSE(limiter.take("newcomer", kStart + 20s));
  EXPECT_LE(limiter.size(), 2U);
}

}  // namespace
}  // namespace lamp::cloud
