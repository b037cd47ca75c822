#include "lib/firmware/release_policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "lib/base/error.hpp"

namespace lamp::firmware {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Instant kNow = from_unix_seconds(1'795'000'000);
constexpr const char* kHead =
    "factory-sequence: 1\nfactory-epoch: 1\nepoch-step: 1\nepoch-jump-approvals: 1\napproval-days: 7\nrequest-days: "
    "30\n";

ReleasePolicy policy(const std::string& models = {}) {
  return ReleasePolicy::parse(kHead + (models.empty() ? "" : "models:\n  smart-lamp: " + models + "\n"), "p.yaml");
}

/// acme's dimmer, as it should be.
void application(Terms& asked, Circumstances& here) {
  asked.application = Application{"acme", "dimmer", {"light.read"}};
  asked.keys = {"application.acme"};
  here.grants = {"light.read", "light.write"};
}

struct Case {
  const char* name;
  std::string rules;  ///< the policy's for the model
  std::function<void(Terms&, Circumstances&)> change;
  const char* rule;  ///< that refuses; empty when none does
  const char* says;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class Asked : public testing::TestWithParam<Case> {};

TEST_P(Asked, AnswersWithRuleFileAndAdvice) {
  Terms terms{"smart-lamp", Bytes(32, 1), {}, {"1.3.6", 1, 2}, {"release"}, {}, 0, false, kNow, kNow};
  terms.expires += std::chrono::days{30};
  Circumstances here{kNow, false, "1.3.6", 2, 3, {Bytes(32, 9)}};
  GetParam().change(terms, here);
  const auto objections = check_terms(policy(GetParam().rules), terms, here).objections;
  if (*GetParam().rule == '\0') {
    EXPECT_THAT(objections, IsEmpty());
    return;
  }
  const auto named = "(rule " + std::string{GetParam().rule} + " of p.yaml)";
  EXPECT_THAT(objections, ElementsAre(AllOf(HasSubstr(GetParam().says), HasSubstr(named))));
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Asked,
    testing::Values(
        Case{"AsItShouldBe", "", [](Terms&, Circumstances&) {}, "", ""},
        Case{"ToCome", "", [](Terms&, Circumstances& h) { h.now -= std::chrono::hours{1}; }, "request-days", "to come"},
        Case{"Expired", "", [](Terms& asked, Circumstances& h) { h.now = asked.expires; }, "request-days",
             "expired at"},
        Case{"TooLong", "", [](Terms& asked, Circumstances&) { asked.expires += std::chrono::hours{1}; },
             "request-days", "longer than 30 days"},
        Case{"AllOfThem", "", [](Terms& asked, Circumstances&) { asked.extra_approvals = 1; }, "", ""},
        Case{"TooManyOfficers", "", [](Terms& asked, Circumstances&) { asked.extra_approvals = 2; },
             "epoch-jump-approvals", "4 approvals, and the roster has 3"},
        Case{"OtherHardware", "", [](Terms& asked, Circumstances&) { asked.hardware.type = "1.3.7"; }, "hardware",
             "1.3.7 is not that of model smart-lamp"},
        Case{"UnknownRevision", "{hardware: 2-3}", [](Terms&, Circumstances&) {}, "hardware", "revisions 1-2"},
        Case{"KnownRevisions", "{hardware: 1-3}", [](Terms&, Circumstances&) {}, "", ""},
        Case{"OwnKey", "", [](Terms& asked, Circumstances&) { asked.keys = {"release", "mcuboot.smart-lamp"}; }, "",
             ""},
        Case{"KeyOfAnotherModel", "", [](Terms& asked, Circumstances&) { asked.keys = {"release", "mcuboot.gateway"}; },
             "keys", "'mcuboot.gateway' may not sign for model smart-lamp"},
        Case{"KeyNotNamed", "{keys: [release-2]}", [](Terms&, Circumstances&) {}, "keys", "'release'"},
        Case{"DemoRequest", "{production: true}", [](Terms& asked, Circumstances&) { asked.demo = true; }, "production",
             "where it was requested"},
        Case{"DemoHost", "{production: true}", [](Terms&, Circumstances& h) { h.demo = true; }, "production",
             "this site"},
        Case{"DemoModel", "{production: false}", [](Terms& asked, Circumstances&) { asked.demo = true; }, "", ""},
        Case{"RealSite", "{production: true}", [](Terms&, Circumstances&) {}, "", ""},
        Case{"NoWitness", "{witness: true}", [](Terms&, Circumstances&) {}, "witness", "--witness"},
        Case{"Witness", "{witness: true}", [](Terms& asked, Circumstances&) { asked.witness = asked.image_digest; }, "",
             ""},
        Case{"OtherBuild", "", [](Terms& asked, Circumstances&) { asked.witness = Bytes(32, 2); }, "witness",
             "builds differ"},
        Case{"RevokesItsSigner", "", [](Terms& asked, Circumstances&) { asked.revokes = {Bytes(32, 8), Bytes(32, 9)}; },
             "revocation", "which signs it"},
        Case{"FirmwareByAPartnersKey", "{keys: [release, application.acme]}",
             [](Terms& asked, Circumstances&) { asked.keys = {"application.acme"}; }, "keys", "'application.acme'"},
        Case{"Application", "", [](Terms& asked, Circumstances& h) { application(asked, h); }, "", ""},
        Case{"ApplicationBeyondItsGrant", "",
             [](Terms& asked, Circumstances& h) {
               application(asked, h);
               h.grants = {"light.write"};
             },
             "grants", "acme.dimmer asks for light.read, which model smart-lamp does not grant to acme"},
        Case{"ApplicationOfAStranger", "",
             [](Terms& asked, Circumstances& h) {
               application(asked, h);
               h.grants.reset();
             },
             "grants", "grants nothing to partner acme"},
        Case{"ApplicationByTheReleaseKey", "",
             [](Terms& asked, Circumstances& h) {
               application(asked, h);
               asked.keys = {"release"};
             },
             "keys", "signed by key 'application.acme' alone"},
        Case{"ApplicationByAnotherPartnersKey", "{keys: [release, application.globex]}",
             [](Terms& asked, Circumstances& h) {
               application(asked, h);
               asked.keys = {"application.globex"};
             },
             "keys", "signed by key 'application.acme' alone"},
        Case{"RevokesAnother", "", [](Terms& asked, Circumstances&) { asked.revokes = {Bytes(32, 8)}; }, "", ""}),
    [](const auto& tested) { return tested.param.name; });

TEST(PoliciesThatAreNone, AreRefused) {
  for (const char* models : {"{keys: []}", "{hardware: 3-1}", "{hardware: x}", "{witness: 1}", "{productive: true}"})
    EXPECT_THROW((void)policy(models), Error) << models;
  EXPECT_THROW((void)ReleasePolicy::parse(std::string{kHead} + "request-day: 3\n", "p.yaml"), Error);
}

TEST(HardwareRevisions, AreWrittenAsTheyAreRead) {
  EXPECT_EQ(Hardware::parse_revisions("1-3").revisions(), "1-3");
  EXPECT_EQ(Hardware::parse_revisions("2").revisions(), "2");
  EXPECT_EQ(Hardware{}.revisions(), "all");
}

}  // namespace
}  // namespace lamp::firmware
