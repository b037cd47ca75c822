#include "lib/base/parse.hpp"

#include <gtest/gtest.h>

#include "lib/base/error.hpp"

namespace lamp {
namespace {

TEST(ParseNumber, TakesWhatIsInRange) {
  EXPECT_EQ(parse_number("0", "n", 0, 9), 0U);
  EXPECT_EQ(parse_number("18446744073709551615", "n", 0, UINT64_MAX), UINT64_MAX);
}

class BadNumber : public testing::TestWithParam<const char*> {};
TEST_P(BadNumber, IsRefused) { EXPECT_THROW((void)parse_number(GetParam(), "n", 1, 100), Error); }
INSTANTIATE_TEST_SUITE_P(Malformed, BadNumber,
                         testing::Values("", "0", "101", "-1", "+1", "01", " 1", "1 ", "1.0", "0x1",
                                         "18446744073709551616"));

TEST(Version, OrdersByItsNumbers) {
  EXPECT_LT(Version::parse("1.9.0"), Version::parse("1.10.0"));
  EXPECT_EQ(Version::parse("1.2.3").text(), "1.2.3");
}

class BadVersion : public testing::TestWithParam<const char*> {};
TEST_P(BadVersion, IsRefused) { EXPECT_THROW((void)Version::parse(GetParam()), Error); }
INSTANTIATE_TEST_SUITE_P(Malformed, BadVersion,
                         testing::Values("", "1", "1.2", "1.2.3.4", "1.2.x", "1..3", "01.2.3", "1.2.65536", "v1.2.3"));

TEST(MacAddress, ReadsTheUsualSpellings) {
  const auto mac = MacAddress::parse("00:00:5e:00:53:01");
  EXPECT_EQ(MacAddress::parse("00005E005301"), mac);
  EXPECT_EQ(MacAddress::parse("00-00-5E-00-53-01"), mac);
  EXPECT_EQ(mac.text(), "00:00:5e:00:53:01");
  EXPECT_EQ(MacAddress::from_number(mac.number()), mac);
}

// A label with both forms: Z:4CC206FFFE306C43 and $B:4CC206306C43.
TEST(MacAddress, BecomesAnEui64WithoutAFlippedBit) {
  EXPECT_EQ(MacAddress::parse("4CC206306C43").eui64(), "4CC206FFFE306C43");
}

class BadMac : public testing::TestWithParam<const char*> {};
TEST_P(BadMac, IsRefused) { EXPECT_THROW((void)MacAddress::parse(GetParam()), Error); }
INSTANTIATE_TEST_SUITE_P(Malformed, BadMac,
                         testing::Values("", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:53:01",
                                         "00:00:5e:00:53", "00:00:5e:00:53:0g", "00:00:5e:00-53:01",
                                         "0:00:5e:000:53:01", "00005e00530"));

class BadName : public testing::TestWithParam<const char*> {};
TEST_P(BadName, IsNoName) { EXPECT_FALSE(is_name(GetParam())); }
INSTANTIATE_TEST_SUITE_P(Malformed, BadName,
                         testing::Values("", ".", "..", "-x", "a/b", "A", "a b", "a\n", "\xc3\xa4"));

}  // namespace
}  // namespace lamp
