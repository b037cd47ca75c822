// lamp-hsm's verbs on a site of one token.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "cli/hsm/tool.hpp"
#include "lib/base/file.hpp"
#include "tests/support/run_tool.hpp"
#include "tests/support/softhsm.hpp"

namespace lamp::cli {
namespace {

using test::Ran;
using test::SoftHsm;
using testing::AllOf;
using testing::HasSubstr;

std::string site_with_two_tokens() {
  const auto token = [](const std::string& name) {
    return "  " + name + ": {module: " + SoftHsm::module().string() + ", uri: 'pkcs11:token=" + name +
           "', pin-file: pins/" + name + "}\n";
  };
  return "site: test\ndemo: true\ntokens:\n" + token("host") + token("line1") + R"(authorities: {}
people: {}
quorums: {release: release, order: release, order-approvals: 1}
cloud: {url: "https://localhost:8443", listen: "127.0.0.1:8443", database: registry.db, artifacts: artifacts}
state: state.db
log: {directory: log, origin: test/host}
)";
}

class HsmVerbs : public test::SoftHsmTest {
 protected:
  void SetUp() override {
    SoftHsmTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    publish(site() / "site.yaml", site_with_two_tokens());
  }
  [[nodiscard]] const std::filesystem::path& site() const { return softhsm_->directory(); }
  [[nodiscard]] Ran run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--site", site().string()});
    return test::run_tool(make_hsm_tool(), arguments);
  }
};

TEST_F(HsmVerbs, InitialisesATokenWithAPinInItsFile) {
  const auto ran = run({"token", "init", "line1"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(read_secret_file(site() / "pins/line1").size(), 32U);
  EXPECT_EQ(run({"key", "list", "line1"}).exit, 0);
}

TEST_F(HsmVerbs, DoesNotInitialiseATokenTwice) {
  ASSERT_EQ(run({"token", "init", "line1"}).exit, 0);
  const auto again = run({"token", "init", "line1", "--so-pin-file", (site() / "so").string()});
  EXPECT_EQ(again.exit, 3);
  EXPECT_THAT(again.err, HasSubstr("is there already"));
  EXPECT_FALSE(std::filesystem::exists(site() / "so"));
}

TEST_F(HsmVerbs, CarriesTheFirstRecordsOnceTheLogHasAKey) {
  ASSERT_THAT(run({"token", "init", "host"}).err, HasSubstr("not yet in the log"));
  const auto ran = run({"key", "generate", "host", "log"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_TRUE(std::filesystem::exists(site() / "log/checkpoint"));
}

TEST_F(HsmVerbs, ListsTokensAsJson) {
  ASSERT_EQ(run({"token", "init", "line1"}).exit, 0);
  const auto listed = nlohmann::json::parse(run({"token", "list", "--json"}).out);
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0]["state"], "absent");
  EXPECT_EQ(listed[1]["name"], "line1");
  EXPECT_EQ(listed[1]["state"], "ready");
}

TEST_F(HsmVerbs, MakesAndListsKeys) {
  ASSERT_EQ(run({"token", "init", "line1"}).exit, 0);
  ASSERT_EQ(run({"key", "generate", "line1", "station", "--use", "sign-with-pin"}).exit, 0);
  EXPECT_THAT(run({"key", "list", "line1"}).out, AllOf(HasSubstr("station"), HasSubstr("each time")));
  const auto again = run({"key", "generate", "line1", "station"});
  EXPECT_EQ(again.exit, 3);
  EXPECT_THAT(again.err, HasSubstr("has a key \"station\" already"));
}

TEST_F(HsmVerbs, MakesNoKeyInATokenThatThePolicyDoesNotKnow) {
  ASSERT_EQ(run({"token", "init", "line1"}).exit, 0);
  publish(site() / "policy/tokens.yaml",
          std::string_view{"tokens:\n  - {name: other, manufacturer: Example, roles: [root]}\n"});
  const auto ran = run({"key", "generate", "line1", "station"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("may not hold a key for 'other'"), HasSubstr("have an officer attest")));
  EXPECT_EQ(run({"key", "list", "line1", "--json"}).out, "[]\n");
}

TEST_F(HsmVerbs, RefusesARoleThatThereIsNot) {
  EXPECT_THAT(run({"key", "generate", "line1", "station", "--role", "king"}).err, HasSubstr("'king' is no role"));
}

TEST_F(HsmVerbs, CallsAnUnknownKindOfKeyAUsageError) {
  const auto ran = run({"key", "generate", "line1", "station", "--kind", "p255"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err, "lamp-hsm: error: --kind must be one of p256, p384, rsa3072, rsa4096\n");
}

TEST_F(HsmVerbs, StopsAtAWrongPinFile) {
  ASSERT_EQ(run({"token", "init", "line1"}).exit, 0);
  publish(site() / "pins/line1", std::string_view{"not-this-pin"}, Mode::secret);
  const auto ran = run({"key", "list", "line1"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, HasSubstr("the PIN is wrong"));
}

TEST_F(HsmVerbs, ProbesWhatTheTokenDoes) {
  ASSERT_EQ(run({"token", "init", "line1"}).exit, 0);
  const auto ran = run({"token", "probe", "line1", "--json", "-o", (site() / "report.json").string()});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(read_text_file(site() / "report.json"), ran.out);
  std::map<std::string, std::string> outcomes;
  const auto report = nlohmann::json::parse(ran.out);
  for (const auto& finding : report["findings"]) outcomes[finding["name"]] = finding["outcome"];
  EXPECT_EQ(outcomes["pin-each-time"], "works");
  EXPECT_EQ(outcomes["allowed-mechanisms"], "works");
  EXPECT_EQ(outcomes["ecdsa-sha256"], "missing");
  EXPECT_EQ(outcomes["oaep-sha256"], "missing");
  EXPECT_EQ(outcomes["pin-flags"], "note");
  EXPECT_EQ(std::ranges::count(report["findings"], "unsafe", [](const auto& f) { return f["outcome"]; }), 0);
}

TEST_F(HsmVerbs, ProbeLeavesNoKeyBehindAndNoReportTwice) {
  ASSERT_EQ(run({"token", "init", "line1"}).exit, 0);
  const auto report = (site() / "report.txt").string();
  ASSERT_EQ(run({"token", "probe", "line1", "-o", report}).exit, 0);
  EXPECT_EQ(run({"key", "list", "line1", "--json"}).out, "[]\n");
  const auto again = run({"token", "probe", "line1", "-o", report});
  EXPECT_EQ(again.exit, 3);
  EXPECT_THAT(again.err, HasSubstr("is there already"));
}

}  // namespace
}  // namespace lamp::cli
