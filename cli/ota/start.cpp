#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/ota/release.hpp"
#include "cli/ota/tool.hpp"
#include "cli/service_session.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {
namespace {

struct StartOptions {
  std::string plan, as;
};

void declare(Arguments& a, StartOptions& o) {
  a.positional("plan", o.plan, "Approved rollout plan, lamp-plan(5)");
  a.option("--as", o.as, "Operator of site.yaml; the only one by default");
}

/// What can be seen on this machine; the service checks the same, and whose certificates these are.
Verdict check_approvals(const rollout::Plan& plan, Instant now) {
  Verdict verdict;
  std::vector<Bytes> certificates;
  for (const auto& approval : plan.approvals) {
    const auto one = rollout::check_approval(approval, plan, now);
    verdict.objections.insert(verdict.objections.end(), one.objections.begin(), one.objections.end());
    const bool is_new = std::find(certificates.begin(), certificates.end(), approval.certificate) == certificates.end();
    if (one.acceptable() && is_new) certificates.push_back(approval.certificate);
  }
  if (certificates.size() >= plan.approvals_needed) return {};
  verdict.objections.insert(verdict.objections.begin(), std::to_string(certificates.size()) + " of " +
                                                            std::to_string(plan.approvals_needed) + " approvals");
  return verdict;
}

std::string start_request(const rollout::Plan& plan) {
  auto approvals = nlohmann::json::array();
  for (const auto& approval : plan.approvals)
    approvals.push_back({{"approver", approval.approver},
                         {"certificate", base64(approval.certificate)},
                         {"signature", base64(approval.signature)}});
  return nlohmann::json{{"plan", base64(plan.canonical())}, {"approvals", std::move(approvals)}}.dump();
}

void upload(cloud::Client& client, const SealedRelease& release) {
  const auto response =
      client.send("PUT", "/api/v1/artifacts/" + hex(release.facts.artifact), "application/octet-stream", release.bytes);
  if (response.status == 200) return;
  const auto answer = nlohmann::json::parse(response.body, nullptr, false);
  const auto why = answer.is_object() ? answer.value("error", "") : std::string{};
  throw Error{response.status < 500 ? Errc::denied : Errc::unavailable,
              "the service did not take the release (" + std::to_string(response.status) + "): " + why};
}

/// The rollout was started before by the same plan.
bool is_known(cloud::Client& client, const std::string& id) {
  return client.get("/api/v1/rollouts/" + id).status == 200;
}

Exit start(const StartOptions& o, World& world) {
  Host host{world};
  const auto plan = rollout::Plan::load(o.plan);
  const auto verdict = check_approvals(plan, host.now());
  for (const auto& objection : verdict.objections) world.err << "lamp-ota: refused: " << objection << '\n';
  if (!verdict.acceptable()) return Exit::refused;
  const auto release = load_sealed_release(host, {plan.release.model, plan.release.version});
  if (release.facts.artifact != plan.release.artifact)
    throw Error{Errc::denied, "the release is not the one that was planned; make a new plan"};
  const auto person = person_with_role(host.site(), "operator", o.as);
  auto client = connect_to_service(host, person);
  if (is_known(client, plan.id())) {
    fmt::print(world.out, "rollout {} was started before; nothing was changed. See: lamp-ota status\n", plan.id());
    return Exit::ok;
  }
  upload(client, release);
  client.post_json("/api/v1/rollouts", start_request(plan));
  host.record({person,
               "ota.start",
               plan.id(),
               {{"release", plan.release.model + "/" + plan.release.version}, {"project", plan.project}}});
  fmt::print(world.out, "rollout {} of {}/{} started: {} devices of project {} in {} waves\n", plan.id(),
             plan.release.model, plan.release.version, plan.device_count(), plan.project, plan.waves.size());
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ota_start(Tool& tool) {
  tool.verb<StartOptions>("start", "Hand an approved plan and its release to the service", declare, start);
}

}  // namespace lamp::cli
