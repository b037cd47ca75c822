#include "lib/pki/general_name.hpp"

#include <gmock/gmock.h>

#include "tests/pki/expect_error.hpp"

namespace lamp::pki {
namespace {

struct Judged {
  const char* name;
  bool (*judge)(std::string_view) noexcept;
  const char* text;
  bool good;
};
void PrintTo(const Judged& c, std::ostream* os) { *os << c.name; }
class GeneralNameText : public testing::TestWithParam<Judged> {};

TEST_P(GeneralNameText, IsJudged) { EXPECT_EQ(GetParam().judge(GetParam().text), GetParam().good); }

INSTANTIATE_TEST_SUITE_P(Table, GeneralNameText,
                         testing::Values(Judged{"Host", is_host_name, "a-1.example", true},
                                         Judged{"OneLabel", is_host_name, "host", true},
                                         Judged{"Wildcard", is_host_name, "*.example", true},
                                         Judged{"WildcardInside", is_host_name, "a.*.example", false},
                                         Judged{"Underscore", is_host_name, "a_b.example", false},
                                         Judged{"EndsWithDot", is_host_name, "a.example.", false},
                                         Judged{"DashFirst", is_host_name, "-a.example", false},
                                         Judged{"EmptyHost", is_host_name, "", false},
                                         Judged{"Mail", is_mail_address, "ann.b+c@my.example", true},
                                         Judged{"MailWithoutAt", is_mail_address, "my.example", false},
                                         Judged{"MailTwoAts", is_mail_address, "a@b@c.example", false},
                                         Judged{"MailDots", is_mail_address, "a..b@c.example", false},
                                         Judged{"MailSpace", is_mail_address, "a b@c.example", false},
                                         Judged{"MailNewline", is_mail_address, "a@c.example\n", false},
                                         Judged{"Uri", is_uri, "https://a.example:8443/x?y#z", true},
                                         Judged{"UriAddress", is_uri, "https://[2001:db8::1]/x", true},
                                         Judged{"Urn", is_uri, "urn:a:b", true},
                                         Judged{"UriRelative", is_uri, "/x", false},
                                         Judged{"UriHost", is_uri, "https://a_b/", false},
                                         Judged{"UriSpace", is_uri, "https://a.example/ x", false},
                                         Judged{"UriNoScheme", is_uri, "://a.example", false},
                                         Judged{"UriSchemeAlone", is_uri, "x:", false}),
                         [](const auto& test_case) { return std::string{test_case.param.name}; });

TEST(GeneralName, WritesAddressesAsOctetsAndRefusesOthers) {
  EXPECT_EQ(hex(name_content(NameKind::ip, "192.0.2.1")), "c0000201");
  EXPECT_EQ(name_content(NameKind::ip, "2001:db8::1").size(), 16U);
  EXPECT_EQ(test::error_of([] { return name_content(NameKind::ip, "192.0.2.256"); }).code(), Errc::denied);
}

TEST(GeneralName, WritesConstraintsOnAddressesWithTheirMask) {
  EXPECT_EQ(hex(subtree_contents(NameKind::ip, "10.0.0.0/9").front()), "0a000000ff800000");
  EXPECT_EQ(subtree_contents(NameKind::ip, "any").size(), 2U);
  for (const auto* bad : {"10.0.0.0", "10.0.0.0/33", "10.0.0.1/24", "ten/8"})
    EXPECT_EQ(test::error_of([&] { return subtree_contents(NameKind::ip, bad); }).code(), Errc::bad_input) << bad;
}

TEST(GeneralName, FindsTheHostOfAUri) {
  EXPECT_EQ(uri_host("https://user@a.example:443/x"), "a.example");
  EXPECT_EQ(uri_host("http://[::1]:80"), "[::1]");
  EXPECT_EQ(uri_host("urn:a:b"), "");
}

}  // namespace
}  // namespace lamp::pki
