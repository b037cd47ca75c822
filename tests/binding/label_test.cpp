#include "lib/binding/label.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace lamp::binding {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kGateway = "B:00005E005304$C:ABCDEFGHIJKLMNOP%N:GW-26-000001$G:gateway";
constexpr const char* kLamp = "Z:00005EFFFE005301%N:SL-26-000001$G:smart-lamp";

TEST(Labels, OfAGatewayComeBackAsTheyWere) {
  const auto label = parse_label(kGateway);
  EXPECT_EQ(label.mac.text(), "00:00:5e:00:53:04");
  EXPECT_EQ(label.serial, "GW-26-000001");
  EXPECT_EQ(label.model, "gateway");
  ASSERT_TRUE(label.claim_code.has_value());
  EXPECT_EQ(to_text(label_text(label)), kGateway);
}

TEST(Labels, OfALampComeBackAsTheyWere) {
  const auto label = parse_label(kLamp);
  EXPECT_EQ(label.mac.text(), "00:00:5e:00:53:01");
  EXPECT_FALSE(label.claim_code.has_value());
  EXPECT_EQ(to_text(label_text(label)), kLamp);
}

TEST(Labels, ArePreviewedWithoutTheirClaimCode) {
  EXPECT_THAT(label_preview(parse_label(kGateway)), Not(HasSubstr("ABCDEFGHIJKLMNOP")));
  EXPECT_EQ(label_preview(parse_label(kLamp)), kLamp);
}

struct Bad {
  const char* name;
  std::string text, says;
};
void PrintTo(const Bad& b, std::ostream* os) { *os << b.name; }

class BadLabel : public testing::TestWithParam<Bad> {};

TEST_P(BadLabel, IsRefusedWithoutItsClaimCode) {
  const auto read = attempt([&] { return parse_label(GetParam().text); });
  ASSERT_TRUE(std::holds_alternative<Error>(read));
  EXPECT_THAT(std::get<Error>(read).what(), HasSubstr(GetParam().says));
  EXPECT_THAT(std::get<Error>(read).what(), Not(HasSubstr("CLAIMCODECLAIM")));
}

INSTANTIATE_TEST_SUITE_P(Label, BadLabel,
                         testing::Values(Bad{"Empty", "", "empty"}, Bad{"TooLong", std::string(600, 'A'), "too long"},
                                         Bad{"NoFields", "hello", "field"}, Bad{"EmptyField", "B:$C:AB", "field"},
                                         Bad{"NoSerial", "Z:00005EFFFE005301%G:smart-lamp", "field N"},
                                         Bad{"NoAddress", "N:SL-26-000001$G:smart-lamp", "field Z"},
                                         Bad{"NoClaimCode", "B:00005E005304%N:GW-26-000001$G:gateway", "field C"},
                                         Bad{"ShortClaimCode", "B:00005E005304$C:CLAIMCODECLAIM%N:G$G:gateway",
                                             "16 letters"},
                                         Bad{"Repeated", "B:00005E005304$B:00005E005304%N:G$G:g", "twice"},
                                         Bad{"GroupAddress", "B:01005E005304$C:ABCDEFGHIJKLMNOP%N:G$G:g", "group"},
                                         Bad{"OldEui64", "Z:00005EFFFF005301%N:S$G:g", "EUI-64"},
                                         Bad{"OddSerial", "Z:00005EFFFE005301%N:S/../x$G:g", "serial number"}),
                         [](const auto& tested) { return std::string{tested.param.name}; });

}  // namespace
}  // namespace lamp::binding
