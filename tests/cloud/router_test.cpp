#include "lib/cloud/router.hpp"

#include <gmock/gmock.h>

namespace lamp::cloud {
namespace {

Router make_router() {
  Router router;
  const auto add = [&](const char* method, const char* pattern) {
    router.add({.method = method, .pattern = pattern, .roles = {}, .act = [](const Request&) { return Reply{}; }});
  };
  add("GET", "/api/v1/things/{thing}");
  add("GET", "/api/v1/things/special");
  add("POST", "/api/v1/things/{thing}");
  add("GET", "/api/v1/things/{thing}/parts/{part}");
  return router;
}

struct Case {
  const char* name;
  const char* method;
  const char* path;
  unsigned status;
  std::string pattern;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class Routing : public testing::TestWithParam<Case> {};

TEST_P(Routing, FindsTheRouteOrSaysWhyNot) {
  const auto router = make_router();
  const auto found = router.find(GetParam().method, GetParam().path);
  EXPECT_EQ(found.status, GetParam().status);
  EXPECT_EQ(found.route == nullptr ? "" : found.route->pattern, GetParam().pattern);
}

INSTANTIATE_TEST_SUITE_P(
    Paths, Routing,
    testing::Values(Case{"Parameter", "GET", "/api/v1/things/lamp", 200, "/api/v1/things/{thing}"},
                    Case{"LiteralWins", "GET", "/api/v1/things/special", 200, "/api/v1/things/special"},
                    Case{"Deeper", "GET", "/api/v1/things/a/parts/b", 200, "/api/v1/things/{thing}/parts/{part}"},
                    Case{"OtherMethod", "DELETE", "/api/v1/things/lamp", 405, ""},
                    Case{"Unknown", "GET", "/api/v1/other", 404, ""},
                    Case{"TooLong", "GET", "/api/v1/things/a/b", 404, ""},
                    Case{"EmptySegment", "GET", "/api/v1//things", 400, ""},
                    Case{"TrailingSlash", "GET", "/api/v1/things/", 400, ""},
                    Case{"DotSegment", "GET", "/api/v1/things/..", 400, ""},
                    Case{"HiddenDotSegment", "GET", "/api/v1/things/%2e%2e", 400, ""},
                    Case{"HiddenSlash", "GET", "/api/v1/things/a%2fb", 400, ""},
                    Case{"HiddenNul", "GET", "/api/v1/things/a%00b", 400, ""},
                    Case{"BrokenEscape", "GET", "/api/v1/things/a%2", 400, ""}, Case{"NoPath", "GET", "*", 400, ""},
                    Case{"Empty", "GET", "", 400, ""}),
    [](const auto& test) { return std::string{test.param.name}; });

TEST(Routing, DecodesParameters) {
  const auto router = make_router();
  const auto found = router.find("GET", "/api/v1/things/a%20b/parts/%C3%A9");
  EXPECT_EQ(found.parameters.at("thing"), "a b");
  EXPECT_EQ(found.parameters.at("part"), "\xc3\xa9");
}

TEST(Routing, RefusesASecondRouteForTheSame) {
  auto router = make_router();
  EXPECT_THROW(router.add({.method = "GET", .pattern = "/api/v1/things/special", .roles = {}, .act = {}}), Error);
}

TEST(Targets, AreSplitIntoPathAndQuery) {
  const auto [path, query] = split_target("/p/q?model=smart%2Dlamp&empty=&broken=%zz&last=1&last=2");
  EXPECT_EQ(path, "/p/q");
  EXPECT_EQ(query.at("model"), "smart-lamp");
  EXPECT_EQ(query.at("empty"), "");
  EXPECT_FALSE(query.contains("broken"));
  EXPECT_EQ(query.at("last"), "2");
}

TEST(ErrorReplies, KeepFaultsOfTheServiceInside) {
  EXPECT_EQ(error_reply(Error{Errc::internal, "row 7 of table x"}).status, 500U);
  EXPECT_THAT(error_reply(Error{Errc::internal, "row 7 of table x"}).body, testing::Not(testing::HasSubstr("row 7")));
  EXPECT_EQ(error_reply(Error{Errc::denied, "no \"quotes\"\n"}).body, R"({"error":"no \"quotes\"\n"})");
}

TEST(Roles, AreReadAsTheyAreWritten) {
  EXPECT_EQ(role_from_text("operator"), Role::fleet_operator);
  EXPECT_EQ(role_text(Role::station), "station");
  EXPECT_FALSE(role_from_text("Operator"));
}

}  // namespace
}  // namespace lamp::cloud
