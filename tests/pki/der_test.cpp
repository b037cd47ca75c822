#include "lib/pki/der.hpp"

#include <gmock/gmock.h>

#include "tests/pki/expect_error.hpp"

namespace lamp::pki::der {
namespace {

struct Malformed {
  const char* name;
  const char* bytes;
  const char* says;
};
void PrintTo(const Malformed& c, std::ostream* os) { *os << c.name; }
class StrictDer : public testing::TestWithParam<Malformed> {};

TEST_P(StrictDer, RefusesWhatHasAnotherEncoding) {
  const auto bytes = from_hex(GetParam().bytes);
  const auto error = test::error_of([&] { return Reader{bytes}.next("thing"); });
  EXPECT_EQ(error.code(), Errc::bad_input);
  EXPECT_THAT(error.what(), testing::HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(Items, StrictDer,
                         testing::Values(Malformed{"Nothing", "", "missing"}, Malformed{"TagOnly", "30", "cut off"},
                                         Malformed{"ContentShort", "300201", "cut off"},
                                         Malformed{"LengthCut", "3082", "cut off"},
                                         Malformed{"Indefinite", "30800000", "indefinite"},
                                         Malformed{"LongFormForShort", "308101ff", "shortest form"},
                                         Malformed{"LeadingZeroLength", "3082007f", "shortest form"},
                                         Malformed{"FiveLengthOctets", "30850000000001", "absurd"},
                                         Malformed{"HighTagNumber", "1f8101", "above 30"}),
                         [](const auto& test_case) { return std::string{test_case.param.name}; });

TEST(Der, ReadsAnObjectIdentifierWithALargeFirstArc) {
  EXPECT_EQ(object_id(from_hex("2b060105050708"
                               "04")),
            "1.3.6.1.5.5.7.8.4");
  EXPECT_EQ(object_id(from_hex("883703")), "2.999.3");
}

TEST(Der, RefusesAnObjectIdentifierPaddedWithZeroBits) {
  EXPECT_EQ(test::error_of([] { return object_id(from_hex("2b8001")); }).code(), Errc::bad_input);
  EXPECT_EQ(test::error_of([] { return object_id(from_hex("2b86")); }).code(), Errc::bad_input);
}

TEST(Der, RefusesATrueThatIsNotAllOnes) {
  EXPECT_TRUE(boolean(from_hex("ff")));
  EXPECT_EQ(test::error_of([] { return boolean(from_hex("01")); }).code(), Errc::bad_input);
}

TEST(Der, RefusesAnIntegerWithASuperfluousOctet) {
  EXPECT_EQ(small_integer(from_hex("00ff"), "number"), 255U);
  EXPECT_EQ(test::error_of([] { return small_integer(from_hex("007f"), "number"); }).code(), Errc::bad_input);
  EXPECT_EQ(test::error_of([] { return small_integer(from_hex("ff"), "number"); }).code(), Errc::bad_input);
}

}  // namespace
}  // namespace lamp::pki::der
