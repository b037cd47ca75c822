// Zigbee networks: a gateway's, and the devices in it.
#include <nlohmann/json.hpp>

#include "lib/audit/record.hpp"
#include "lib/base/error.hpp"
#include "lib/cloud/json_fields.hpp"
#include "lib/cloud/router.hpp"
#include "lib/cloud/service.hpp"
#include "lib/registry/project.hpp"

namespace lamp::cloud {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDevicesAtOnce = 1000;

Json json_of(const registry::Network& network) {
  return {{"name", network.name},     {"project", network.project}, {"gateway", network.gateway},
          {"pan_id", network.pan_id}, {"devices", network.members}, {"extended_pan_id", network.extended_pan_id}};
}

Reply json_reply(const Json& json) { return {.status = 200, .body = dump(json), .file = std::nullopt}; }

Reply list(const Service& service, const Request& request) {
  const auto found =
      service.database.read([&](store::Transaction& t) { return registry::networks(t, request.caller.name); });
  Json all = Json::array();
  for (const auto& network : found) all.push_back(json_of(network));
  return json_reply({{"networks", std::move(all)}});
}

Reply create(const Service& service, const Request& request) {
  const auto json = parse_object(request.body);
  const auto name = text_field(json, "name", 63);
  const auto gateway = MacAddress::parse(text_field(json, "gateway"));
  const auto& user = request.caller.name;
  const auto now = service.clock.now();
  const auto network = service.database.write([&](store::Transaction& t) {
    const bool known = registry::find_network(t, name, user).has_value();
    auto made = registry::create_network(t, name, gateway, user, now, service.rng);
    if (!known)
      audit::record(t, {user, "bind.network.create", name, {{"project", made.project}, {"gateway", made.gateway}}}, now,
                    service.rng);
    return made;
  });
  return json_reply(json_of(network));
}

Reply add(const Service& service, const Request& request) {
  const auto serials = texts_field(parse_object(request.body), "serials", kDevicesAtOnce);
  const auto& name = request.parameters.at("network");
  const auto& user = request.caller.name;
  const auto now = service.clock.now();
  const auto network = service.database.write([&](store::Transaction& t) -> std::optional<registry::Network> {
    const auto before = registry::find_network(t, name, user);
    if (!before) return std::nullopt;
    registry::add_to_network(t, *before, serials, user, now);
    auto after = registry::find_network(t, name, user);
    for (const auto& serial : after->members) {
      if (std::find(before->members.begin(), before->members.end(), serial) != before->members.end()) continue;
      audit::record(t, {user, "bind.network.add", serial, {{"network", name}, {"project", before->project}}}, now,
                    service.rng);
    }
    return after;
  });
  if (!network) return error_reply(404, "you have no network " + name);
  return json_reply(json_of(*network));
}

}  // namespace

void add_network_routes(Router& router, const Service& service) {
  router.add({.method = "GET",
              .pattern = "/api/v1/networks",
              .roles = {Role::installer, Role::fleet_operator},
              .act = [service](const Request& r) { return list(service, r); }});
  router.add(
      {.method = "POST", .pattern = "/api/v1/networks", .roles = {Role::installer}, .act = [service](const Request& r) {
         return create(service, r);
       }});
  router.add({.method = "POST",
              .pattern = "/api/v1/networks/{network}/devices",
              .roles = {Role::installer},
              .act = [service](const Request& r) { return add(service, r); }});
}

}  // namespace lamp::cloud
