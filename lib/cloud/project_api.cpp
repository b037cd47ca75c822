// Who am I, what is in my projects, and claiming.
#include <nlohmann/json.hpp>

#include "lib/audit/record.hpp"
#include "lib/base/error.hpp"
#include "lib/cloud/json_fields.hpp"
#include "lib/cloud/router.hpp"
#include "lib/cloud/service.hpp"
#include "lib/registry/claim.hpp"
#include "lib/registry/project.hpp"

namespace lamp::cloud {
namespace {

using Json = nlohmann::json;

/// One text for every reason: whether the device exists, and whose it is, is nobody else's business.
constexpr std::string_view kRefused = "no unclaimed device has this MAC address and claim code";

Reply json_reply(const Json& json) { return {.status = 200, .body = dump(json), .file = std::nullopt}; }

Json json_of(const registry::Device& device) {
  Json json{{"serial", device.serial}, {"model", device.model}, {"mac", device.mac.text()}};
  json["version"] = device.version ? Json(*device.version) : Json(nullptr);
  json["network"] = device.network ? Json(*device.network) : Json(nullptr);
  return json;
}

Reply whoami(const Request& request) {
  return json_reply({{"name", request.caller.name}, {"role", role_text(request.caller.role)}});
}

Reply list_devices(const Service& service, const Request& request) {
  const auto model = request.query.find("model");
  const auto& project = request.parameters.at("project");
  const auto devices = service.database.read([&](store::Transaction& t) {
    return registry::project_devices(t, project, request.caller.name,
                                     model == request.query.end() ? std::string{} : model->second);
  });
  if (!devices) return error_reply(404, "you have no project " + project);
  Json list = Json::array();
  for (const auto& device : *devices) list.push_back(json_of(device));
  return json_reply({{"project", project}, {"devices", std::move(list)}});
}

struct ClaimRequest {
  MacAddress mac;
  Attempt<binding::ClaimCode> code;
  std::string project;
};

ClaimRequest read_claim(const std::string& body) {
  const auto json = parse_object(body);
  const auto typed = text_field(json, "claim_code");
  return {MacAddress::parse(text_field(json, "mac")), attempt([&] { return binding::read_claim_code(typed); }),
          text_field(json, "project", 63)};
}

registry::ClaimResult try_claim(const Service& service, const ClaimRequest& wanted, const std::string& user) {
  const auto now = service.clock.now();
  // A code that cannot be one is counted and answered like a wrong one.
  static const binding::ClaimCode nonsense{SecureBytes(1)};
  const auto* read = std::get_if<binding::ClaimCode>(&wanted.code);
  const auto& code = read == nullptr ? nonsense : *read;
  return service.database.write([&](store::Transaction& t) {
    auto result = registry::claim(t, wanted.mac, code, wanted.project, user, now);
    if (result.first_time)
      audit::record(t, {user, "bind.claim", result.serial, {{"project", wanted.project}, {"mac", wanted.mac.text()}}},
                    now, service.rng);
    if (result.answer == registry::ClaimAnswer::refused)
      audit::record(t, {user, "bind.claim.refuse", wanted.mac.text(), {{"project", wanted.project}}}, now, service.rng);
    return result;
  });
}

Reply claim(const Service& service, const Request& request) {
  const auto wanted = read_claim(request.body);
  const auto result = try_claim(service, wanted, request.caller.name);
  switch (result.answer) {
    case registry::ClaimAnswer::claimed:
      return json_reply({{"serial", result.serial},
                         {"model", result.model},
                         {"mac", wanted.mac.text()},
                         {"project", wanted.project}});
    case registry::ClaimAnswer::no_project: return error_reply(404, "you have no project " + wanted.project);
    case registry::ClaimAnswer::slow_down: return error_reply(429, "too many refused claims; try again in a minute");
    case registry::ClaimAnswer::refused: break;
  }
  return error_reply(403, kRefused);
}

}  // namespace

void add_project_routes(Router& router, const Service& service) {
  router.add({.method = "GET",
              .pattern = "/api/v1/whoami",
              .roles = {Role::fleet_operator, Role::installer, Role::officer, Role::station},
              .act = whoami});
  router.add({.method = "GET",
              .pattern = "/api/v1/projects/{project}/devices",
              .roles = {Role::fleet_operator, Role::installer},
              .act = [service](const Request& r) { return list_devices(service, r); }});
  router.add(
      {.method = "POST", .pattern = "/api/v1/claims", .roles = {Role::installer}, .act = [service](const Request& r) {
         return claim(service, r);
       }});
}

}  // namespace lamp::cloud
