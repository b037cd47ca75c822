// The operators' endpoints, asked through the router, and what follows for a device.
#include "lib/cloud/rollout_api.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "lib/cloud/client_trust.hpp"
#include "lib/cloud/router.hpp"
#include "lib/cloud/service.hpp"
#include "lib/rollout/executor.hpp"
#include "lib/rollout/plan.hpp"
#include "tests/cloud/test_pki.hpp"
#include "tests/firmware/release_fixture.hpp"
#include "tests/registry/fleet.hpp"

namespace lamp::cloud {
namespace {

using rollout::Plan;
using testing::HasSubstr;

class RolloutApi : public testing::Test {
 protected:
  RolloutApi() {
    migrate(database_);
    devices_.write_crl(directory_ / "device.crl");
    clients_.write_crl(directory_ / "client.crl");
    add_rollout_routes(router_, service_, trust_);
    database_.write([&](store::Transaction& t) {
      registry::create_project(t, {"hq", "UTC"}, test::kNow);
      registry::add_member(t, "hq", "operator-1", "operator");
      registry::add_member(t, "hq", "operator-2", "operator");
      for (unsigned n = 1; n <= 3; ++n) (void)registry::take_in(t, test::record(n, "smart-lamp"), test::kNow);
      t.execute("UPDATE device SET project = 'hq' WHERE serial <> 'SL-26-000003'");
    });
    const auto digest = firmware::sha256(release_);
    plan_.project = "hq";
    plan_.release = {"smart-lamp", "1.1.0", 5, Bytes(digest.begin(), digest.end()), release_.size()};
    plan_.created = test::kNow;
    plan_.created_by = "operator-1";
    plan_.policy = "canary";
    plan_.waves = {{"canary", {}, {"SL-26-000001"}}, {"rest", {}, {"SL-26-000002"}}};
  }

  Reply ask(const std::string& method, const std::string& path, std::string body = {},
            const std::string& who = "operator-1") {
    const auto found = router_.find(method, path);
    if (found.route == nullptr) return error_reply(found.status, "no route");
    const auto done = attempt([&] {
      return found.route->act({method, path, found.parameters, {}, std::move(body), {Role::fleet_operator, who, {}}});
    });
    return std::holds_alternative<Error>(done) ? error_reply(std::get<Error>(done)) : std::get<Reply>(done);
  }
  void approve_as(const Identity& identity, Instant until = test::kNow + std::chrono::hours{1}) {
    plan_.approvals.push_back(
        rollout::approve(*identity.key, "operator-1", identity.chain.front(), plan_, until, Botan::system_rng()));
  }
  void upload() {
    ASSERT_EQ(ask("PUT", "/api/v1/artifacts/" + hex(plan_.release.artifact), to_text(release_)).status, 200U);
  }
  Reply start(const std::string& who = "operator-1") {
    auto approvals = nlohmann::json::array();
    for (const auto& a : plan_.approvals)
      approvals.push_back(
          {{"approver", a.approver}, {"certificate", base64(a.certificate)}, {"signature", base64(a.signature)}});
    return ask("POST", "/api/v1/rollouts",
               nlohmann::json{{"plan", base64(plan_.canonical())}, {"approvals", approvals}}.dump(), who);
  }

  test::TemporaryDirectory directory_;
  test::TestAuthority root_{"Test Root"};
  test::TestAuthority devices_{"Test Devices", root_};
  test::TestAuthority clients_{"Test Clients", root_};
  Identity operator_ = clients_.issue({.name = "operator-1", .unit = "operator"});
  FixedClock clock_{test::kNow};
  ClientTrust trust_{root_.certificate(),
                     {{"device", devices_.certificate(), directory_ / "device.crl"},
                      {"client", clients_.certificate(), directory_ / "client.crl"}},
                     clock_,
                     [](const std::string&) {}};
  store::Database database_{directory_ / "registry.db"};
  ArtifactStore artifacts_{directory_ / "artifacts"};
  Service service_{database_, clock_, Botan::system_rng(), artifacts_, "https://localhost"};
  Router router_;
  Bytes release_ = firmware::test::make_release().envelope;
  Plan plan_;
};

TEST_F(RolloutApi, StartsAnApprovedPlanOnceAndRepeatsItself) {
  upload();
  approve_as(operator_);
  const auto first = start();
  ASSERT_EQ(first.status, 200U) << first.body;
  EXPECT_THAT(first.body, HasSubstr(R"("state":"running")"));
  clock_.advance(std::chrono::hours{48});
  EXPECT_EQ(start().body, first.body);
  EXPECT_TRUE(database_.read(
      [&](store::Transaction& t) { return rollout::deployment_for(t, "SL-26-000001", clock_.now()).has_value(); }));
}

TEST_F(RolloutApi, RefusesAPlanWithoutEnoughApprovals) {
  upload();
  EXPECT_THAT(start().body, HasSubstr("0 of 1 approvals"));
  approve_as(operator_, test::kNow - std::chrono::hours{1});
  EXPECT_THAT(start().body, HasSubstr("expired"));
  plan_.approvals.clear();
  plan_.approvals_needed = 2;
  approve_as(operator_);
  approve_as(operator_);
  EXPECT_THAT(start().body, HasSubstr("1 of 2 approvals")) << "the same operator twice";
  EXPECT_EQ(start().status, 403U);
}

TEST_F(RolloutApi, CountsOperatorsOfTheProjectOnly) {
  upload();
  approve_as(clients_.issue({.name = "installer-1", .unit = "installer"}));
  EXPECT_THAT(start().body, HasSubstr("not by an operator"));
  plan_.approvals.clear();
  approve_as(test::TestAuthority{"Test Clients"}.issue({.name = "operator-1", .unit = "operator"}));
  EXPECT_THAT(start().body, HasSubstr("not by an operator")) << "an authority of the same name";
  plan_.approvals.clear();
  approve_as(clients_.issue({.name = "operator-9", .unit = "operator"}));
  EXPECT_THAT(start().body, HasSubstr("operator-9 is no operator of project hq"));
}

TEST_F(RolloutApi, RefusesARevokedApprover) {
  upload();
  approve_as(operator_);
  clients_.write_crl(directory_ / "client.crl", {operator_.chain.front()});
  EXPECT_THAT(start().body, HasSubstr("not by an operator"));
}

TEST_F(RolloutApi, RefusesDevicesOfOthers) {
  upload();
  plan_.waves[1].devices.emplace_back("SL-26-000003");
  approve_as(operator_);
  const auto refused = start();
  EXPECT_EQ(refused.status, 403U);
  EXPECT_THAT(refused.body, HasSubstr("not a smart-lamp of project hq: SL-26-000003"));
}

TEST_F(RolloutApi, RefusesAnArtifactThatIsNotTheRelease) {
  approve_as(operator_);
  EXPECT_THAT(start().body, HasSubstr("not uploaded"));
  EXPECT_EQ(ask("PUT", "/api/v1/artifacts/" + std::string(64, '0'), "something else").status, 400U);
  upload();
  plan_.release.version = "1.2.0";
  plan_.approvals.clear();
  approve_as(operator_);
  EXPECT_THAT(start().body, HasSubstr("not the release that the plan names"));
}

TEST_F(RolloutApi, HidesRolloutsFromStrangers) {
  upload();
  approve_as(operator_);
  ASSERT_EQ(start().status, 200U);
  const auto path = "/api/v1/rollouts/" + plan_.id();
  EXPECT_EQ(ask("GET", path).status, 200U);
  EXPECT_EQ(ask("GET", path, {}, "operator-9").status, 404U);
  EXPECT_EQ(ask("POST", path + "/abort", "{}", "operator-9").status, 404U);
  EXPECT_THAT(ask("GET", "/api/v1/rollouts", {}, "operator-9").body, HasSubstr(R"("rollouts":[])"));
  EXPECT_EQ(start("operator-9").status, 403U);
}

TEST_F(RolloutApi, LetsAnyOperatorOfTheProjectSteer) {
  upload();
  approve_as(operator_);
  ASSERT_EQ(start().status, 200U);
  const auto path = "/api/v1/rollouts/" + plan_.id();
  EXPECT_THAT(ask("POST", path + "/pause", "{}", "operator-2").body, HasSubstr(R"("reason":"by operator-2")"));
  EXPECT_THAT(ask("POST", path + "/resume", "{}").body, HasSubstr(R"("state":"running")"));
  EXPECT_THAT(ask("POST", path + "/abort", "{}").body, HasSubstr(R"("state":"aborted")"));
  EXPECT_EQ(ask("POST", path + "/resume", "{}").status, 403U);
}

TEST_F(RolloutApi, RefusesWhatIsNoPlan) {
  EXPECT_EQ(ask("POST", "/api/v1/rollouts", "no json").status, 400U);
  EXPECT_EQ(ask("POST", "/api/v1/rollouts", R"({"plan":"AAAA","approvals":[]})").status, 400U);
  EXPECT_EQ(ask("POST", "/api/v1/rollouts", R"({"plan":"","approvals":{}})").status, 400U);
}

}  // namespace
}  // namespace lamp::cloud
