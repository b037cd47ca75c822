#include "lib/cloud/byte_range.hpp"

#include <gtest/gtest.h>

namespace lamp::cloud {
namespace {

struct Case {
  const char* name;
  const char* header;
  unsigned status;
  std::uint64_t first, length;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class Ranges : public testing::TestWithParam<Case> {};

TEST_P(Ranges, OfAHundredBytes) {
  const auto range = ByteRange::choose(GetParam().header, 100);
  EXPECT_EQ(range.status(), GetParam().status);
  EXPECT_EQ(range.first, GetParam().first);
  EXPECT_EQ(range.length, GetParam().length);
}

INSTANTIATE_TEST_SUITE_P(
    Headers, Ranges,
    testing::Values(Case{"Absent", "", 200, 0, 100}, Case{"FromHere", "bytes=70-", 206, 70, 30},
                    Case{"Between", "bytes=10-19", 206, 10, 10}, Case{"OverTheEnd", "bytes=90-500", 206, 90, 10},
                    Case{"LastTen", "bytes=-10", 206, 90, 10}, Case{"LastThousand", "bytes=-1000", 206, 0, 100},
                    Case{"BeyondTheEnd", "bytes=100-", 416, 0, 0}, Case{"LastNone", "bytes=-0", 416, 0, 0},
                    Case{"Backwards", "bytes=20-10", 200, 0, 100}, Case{"Several", "bytes=0-1,5-6", 200, 0, 100},
                    Case{"OtherUnit", "lines=1-2", 200, 0, 100}, Case{"NoNumbers", "bytes=-", 200, 0, 100},
                    Case{"TooLarge", "bytes=99999999999999999999-", 200, 0, 100},
                    Case{"Signed", "bytes=+1-2", 200, 0, 100}),
    [](const auto& test) { return std::string{test.param.name}; });

TEST(Ranges, AreNamedInTheAnswer) {
  EXPECT_EQ(ByteRange::choose("bytes=70-", 100).content_range(100), "bytes 70-99/100");
  EXPECT_EQ(ByteRange::choose("bytes=100-", 100).content_range(100), "bytes */100");
}

TEST(Ranges, OfAnEmptyFileAreUnsatisfiable) {
  EXPECT_EQ(ByteRange::choose("bytes=-5", 0).status(), 416U);
  EXPECT_EQ(ByteRange::choose("", 0).status(), 200U);
}

}  // namespace
}  // namespace lamp::cloud
