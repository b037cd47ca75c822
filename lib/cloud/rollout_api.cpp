#include "lib/cloud/rollout_api.hpp"

#include <botan/hash.h>

#include <nlohmann/json.hpp>

#include "lib/audit/record.hpp"
#include "lib/cloud/json_fields.hpp"
#include "lib/cloud/plan_check.hpp"
#include "lib/cloud/router.hpp"
#include "lib/cloud/service.hpp"
#include "lib/registry/project.hpp"
#include "lib/rollout/rollouts.hpp"

namespace lamp::cloud {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kArtifactLimit = 64UL << 20;
constexpr std::size_t kPlanLimit = 16UL << 20;
constexpr std::size_t kMostApprovals = 64;
constexpr std::int64_t kMostListed = 100;

Reply json_reply(const Json& json) { return {.status = 200, .body = dump(json), .file = std::nullopt}; }

Json json_of(const rollout::WaveStatus& wave) {
  const auto& counts = wave.counts;
  Json json{{"name", wave.name},
            {"devices", counts.devices()},
            {"waiting", counts.waiting},
            {"proceeding", counts.proceeding},
            {"installed", counts.installed},
            {"proven", counts.proven},
            {"failed", counts.failed}};
  json["begins"] = wave.begins ? Json(format_instant(*wave.begins)) : Json(nullptr);
  return json;
}

Json json_of(const rollout::Status& status) {
  Json waves = Json::array(), failures = Json::array();
  for (const auto& wave : status.waves) waves.push_back(json_of(wave));
  for (const auto& failure : status.failures)
    failures.push_back({{"device", failure.device}, {"detail", failure.detail}});
  return {{"id", status.id},
          {"project", status.project},
          {"model", status.model},
          {"version", status.version},
          {"state", rollout::text_of(status.state)},
          {"reason", status.reason},
          {"started", format_instant(status.started)},
          {"started_by", status.started_by},
          {"changed", format_instant(status.changed)},
          {"waves", std::move(waves)},
          {"failures", std::move(failures)}};
}

/// The rollout, when it is of one of the user's projects.
std::optional<rollout::Status> find(store::Transaction& t, const std::string& id, const std::string& user) {
  const auto row = t.query_one(
      "SELECT r.id FROM rollout r JOIN project_member m ON m.project = r.project "
      "WHERE r.id = ? AND m.user_name = ? AND m.role = 'operator'",
      {id, user});
  return row ? rollout::status(t, row->text(0)) : std::nullopt;
}

Reply put_artifact(const Service& service, const Request& request) {
  const auto bytes = as_bytes(request.body);
  const auto digest = hex(Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(bytes));
  if (digest != request.parameters.at("sha256"))
    return error_reply(400, "these bytes have another SHA-256 than the path says");
  const bool is_new = !service.artifacts.find(digest);
  const auto stored = service.artifacts.put(bytes);
  if (is_new) {
    const auto now = service.clock.now();
    service.database.write([&](store::Transaction& t) {
      audit::record(t, {request.caller.name, "ota.artifact", digest, {{"size", std::to_string(stored.size)}}}, now,
                    service.rng);
    });
  }
  return json_reply({{"sha256", stored.sha256}, {"size", stored.size}});
}

rollout::Plan read_plan(const std::string& body) {
  const auto json = parse_object(body);
  auto plan = rollout::Plan::from_canonical(bytes_field(json, "plan", kPlanLimit));
  for (const auto& item : list_field(json, "approvals", kMostApprovals))
    plan.approvals.push_back(
        {text_field(item, "approver"), bytes_field(item, "certificate"), bytes_field(item, "signature")});
  return plan;
}

/// The objections as one refusal; nothing when there are none.
std::optional<Reply> refusal(const Verdict& verdict) {
  if (verdict.acceptable()) return std::nullopt;
  std::string all;
  for (const auto& objection : verdict.objections) all += (all.empty() ? "" : "; ") + objection;
  return error_reply(403, all);
}

Verdict check_approvals(const CountedApprovals& counted, const rollout::Plan& plan) {
  if (counted.operators.size() >= plan.approvals_needed) return {};
  Verdict verdict{
      {std::to_string(counted.operators.size()) + " of " + std::to_string(plan.approvals_needed) + " approvals"}};
  verdict.objections.insert(verdict.objections.end(), counted.objections.begin(), counted.objections.end());
  return verdict;
}

Reply start(const Service& service, ClientTrust& trust, const Request& request) {
  const auto plan = read_plan(request.body);
  const auto& user = request.caller.name;
  const auto id = plan.id();
  // The same plan again gets the same answer, also when its approvals have expired meanwhile.
  const auto before = service.database.read([&](store::Transaction& t) { return find(t, id, user); });
  if (before) return json_reply(json_of(*before));
  const auto now = service.clock.now();
  const auto counted = count_approvals(plan, trust, service.database, now);
  if (const auto refused = refusal(check_approvals(counted, plan))) return *refused;
  if (const auto refused = refusal(check_artifact(plan, service.artifacts))) return *refused;
  return service.database.write([&](store::Transaction& t) {
    if (const auto refused = refusal(check_members(t, plan, user, counted.operators))) return *refused;
    rollout::start(t, plan, user, counted.operators, now, service.rng);
    return json_reply(json_of(rollout::status(t, id).value()));
  });
}

Reply list(const Service& service, const Request& request) {
  return service.database.read([&](store::Transaction& t) {
    Json all = Json::array();
    for (const auto& row :
         t.query("SELECT r.id FROM rollout r JOIN project_member m ON m.project = r.project "
                 "WHERE m.user_name = ? AND m.role = 'operator' ORDER BY r.started_at DESC, r.id LIMIT ?",
                 {request.caller.name, kMostListed}))
      all.push_back(json_of(rollout::status(t, row.text(0)).value()));
    return json_reply({{"rollouts", std::move(all)}});
  });
}

Reply show(const Service& service, const Request& request) {
  const auto& id = request.parameters.at("id");
  const auto found = service.database.read([&](store::Transaction& t) { return find(t, id, request.caller.name); });
  return found ? json_reply(json_of(*found)) : error_reply(404, "you have no rollout " + id);
}

using Steer = void (*)(store::Transaction&, std::string_view, const std::string&, Instant,
                       Botan::RandomNumberGenerator&);

Reply steer(const Service& service, const Request& request, Steer act) {
  const auto& id = request.parameters.at("id");
  const auto now = service.clock.now();
  return service.database.write([&](store::Transaction& t) {
    if (!find(t, id, request.caller.name)) return error_reply(404, "you have no rollout " + id);
    act(t, id, request.caller.name, now, service.rng);
    return json_reply(json_of(rollout::status(t, id).value()));
  });
}

}  // namespace

void add_rollout_routes(Router& router, const Service& service, ClientTrust& trust) {
  const auto add = [&](const char* method, const char* pattern, std::function<Reply(const Request&)> act,
                       std::size_t limit = kDefaultBodyLimit) {
    router.add({.method = method,
                .pattern = pattern,
                .roles = {Role::fleet_operator},
                .act = std::move(act),
                .body_limit = limit});
  };
  add(
      "PUT", "/api/v1/artifacts/{sha256}", [service](const Request& r) { return put_artifact(service, r); },
      kArtifactLimit);
  add("POST", "/api/v1/rollouts", [service, &trust](const Request& r) { return start(service, trust, r); }, kPlanLimit);
  add("GET", "/api/v1/rollouts", [service](const Request& r) { return list(service, r); });
  add("GET", "/api/v1/rollouts/{id}", [service](const Request& r) { return show(service, r); });
  add("POST", "/api/v1/rollouts/{id}/pause", [service](const Request& r) { return steer(service, r, rollout::pause); });
  add("POST", "/api/v1/rollouts/{id}/resume",
      [service](const Request& r) { return steer(service, r, rollout::resume); });
  add("POST", "/api/v1/rollouts/{id}/abort", [service](const Request& r) { return steer(service, r, rollout::abort); });
}

}  // namespace lamp::cloud
