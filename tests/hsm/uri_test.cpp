#include "hsm/uri.hpp"

#include <gmock/gmock.h>
#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <cstring>

#include "lib/base/error.hpp"

namespace lamp::hsm {
namespace {

struct Malformed {
  const char* name;
  const char* text;
  const char* says;
};
void PrintTo(const Malformed& c, std::ostream* os) { *os << c.name; }

class MalformedUri : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedUri, IsRefusedWithItsReason) {
  try {
    static_cast<void>(TokenUri::parse(GetParam().text));
    FAIL() << "accepted: " << GetParam().text;
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::bad_input);
    EXPECT_THAT(e.what(), testing::HasSubstr(GetParam().says));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, MalformedUri,
    testing::Values(Malformed{"Empty", "", "must begin with"}, Malformed{"OtherScheme", "pkcs12:token=a", "must begin"},
                    Malformed{"UpperCaseScheme", "PKCS11:token=a", "must begin"},
                    Malformed{"LeadingSpace", " pkcs11:token=a", "must begin"},
                    Malformed{"SelectsAll", "pkcs11:", "selects every token"},
                    Malformed{"EmptyValue", "pkcs11:token=", "'token' is empty"},
                    Malformed{"NoEquals", "pkcs11:token", "name=value"},
                    Malformed{"EmptyPart", "pkcs11:token=a;", "name=value"},
                    Malformed{"Repeated", "pkcs11:token=a;token=b", "'token' is there twice"},
                    Malformed{"Unknown", "pkcs11:token=a;colour=red", "select a token"},
                    Malformed{"UpperCaseName", "pkcs11:Token=a", "select a token"},
                    Malformed{"SlotNumber", "pkcs11:slot-id=1", "select a token"},
                    Malformed{"Object", "pkcs11:token=a;object=b", "select a token"},
                    Malformed{"PinValue", "pkcs11:token=a?pin-value=1234", "a PIN does not belong"},
                    Malformed{"PinValueInPath", "pkcs11:token=a;pin-value=1234", "a PIN does not belong"},
                    Malformed{"PinSource", "pkcs11:token=a?pin-source=file:/x", "query"},
                    Malformed{"EmptyQuery", "pkcs11:token=a?", "query"},
                    Malformed{"InnerSpace", "pkcs11:token=a b", "percent-encoded"},
                    Malformed{"Slash", "pkcs11:token=a/b", "percent-encoded"},
                    Malformed{"Control", "pkcs11:token=a\n", "percent-encoded"},
                    Malformed{"HighByte", "pkcs11:token=\xc3\xa4", "percent-encoded"},
                    Malformed{"BadEscape", "pkcs11:token=a%zz", "hexadecimal"},
                    Malformed{"CutEscape", "pkcs11:token=a%4", "hexadecimal"},
                    Malformed{"ZeroByte", "pkcs11:token=a%00b", "zero byte"},
                    Malformed{"TooLong", "pkcs11:token=123456789012345678901234567890123", "PKCS#11 URI"}),
    [](const auto& tested) { return tested.param.name; });

CK_TOKEN_INFO token_info(std::string_view label, std::string_view serial) {
  CK_TOKEN_INFO info;
  std::memset(&info, ' ', sizeof info);
  std::ranges::copy(label, info.label);
  std::ranges::copy(serial, info.serialNumber);
  return info;
}

TEST(TokenUri, SelectsByLabel) {
  const auto uri = TokenUri::parse("pkcs11:token=line1");
  EXPECT_TRUE(uri.matches(token_info("line1", "0001")));
  EXPECT_FALSE(uri.matches(token_info("line10", "0001")));
}

TEST(TokenUri, SelectsByLabelAndSerialTogether) {
  const auto uri = TokenUri::parse("pkcs11:token=line1;serial=0002");
  EXPECT_FALSE(uri.matches(token_info("line1", "0001")));
  EXPECT_TRUE(uri.matches(token_info("line1", "0002")));
}

TEST(TokenUri, KnowsTheLabelThatItSelects) {
  EXPECT_EQ(TokenUri::parse("pkcs11:token=Line%20one;serial=1").label(), "Line one");
  EXPECT_EQ(TokenUri::parse("pkcs11:serial=1").label(), "");
}

TEST(TokenUri, DecodesPercentSigns) {
  EXPECT_TRUE(TokenUri::parse("pkcs11:token=Line%20one").matches(token_info("Line one", "0001")));
}

}  // namespace
}  // namespace lamp::hsm
