#include "lib/base/clock.hpp"

#include <gtest/gtest.h>

#include "lib/base/error.hpp"

namespace lamp {
namespace {

TEST(Instant, ReadsWhatItWrites) {
  const auto at = from_unix_seconds(1795352400);
  EXPECT_EQ(parse_instant(format_instant(at)), at);
  EXPECT_EQ(format_instant(from_unix_seconds(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_instant(parse_instant("9999-12-31T23:59:59Z")), "9999-12-31T23:59:59Z");
}

class BadInstant : public testing::TestWithParam<const char*> {};
TEST_P(BadInstant, IsRefused) { EXPECT_THROW((void)parse_instant(GetParam()), Error); }
INSTANTIATE_TEST_SUITE_P(Malformed, BadInstant,
                         testing::Values("", "2026-11-22", "2026-11-22T13:00:00", "2026-11-22T13:00:00+00:00",
                                         "2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T13:60:00Z",
                                         "2026-11-22 13:00:00Z", "2026-11-22T13:00:60Z", "+026-11-22T13:00:00Z"));

}  // namespace
}  // namespace lamp
