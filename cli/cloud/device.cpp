#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/cloud/cloud_site.hpp"
#include "cli/cloud/tool.hpp"
#include "lib/base/error.hpp"
#include "lib/registry/device.hpp"
#include "lib/registry/intake.hpp"

namespace lamp::cli {
namespace {

using nlohmann::json;

struct DeviceListOptions {
  bool parked = false, json = false;
};

void declare_list(Arguments& a, DeviceListOptions& o) {
  a.flag("--parked", o.parked, "Records that stations sent and the registry did not take, with the reason");
  a.flag("--json", o.json, "Print JSON");
}

struct ShowOptions {
  std::string serial;
  bool json = false;
};

void declare_show(Arguments& a, ShowOptions& o) {
  a.positional("serial", o.serial, "The device's serial number");
  a.flag("--json", o.json, "Print JSON");
}

struct RevokeOptions {
  std::string serial;
};

void declare_revoke(Arguments& a, RevokeOptions& o) { a.positional("serial", o.serial, "The device's serial number"); }

const char* state_text(registry::DeviceState state) {
  return state == registry::DeviceState::registered ? "registered" : "revoked";
}

json json_of(const registry::Device& d) {
  return {{"serial", d.serial},
          {"model", d.model},
          {"mac", d.mac.text()},
          {"fingerprint", d.fingerprint},
          {"state", state_text(d.state)},
          {"project", d.project.value_or("")},
          {"network", d.network.value_or("")},
          {"version", d.version.value_or("")},
          {"station", d.station},
          {"order", d.order},
          {"registered", format_instant(d.registered_at)}};
}

Exit list_parked(const DeviceListOptions& o, store::Database& database, std::ostream& out) {
  const auto parked = database.read([](store::Transaction& t) { return registry::parked_records(t); });
  if (o.json) {
    auto all = json::array();
    for (const auto& p : parked)
      all.push_back({{"serial", p.serial},
                     {"station", p.station},
                     {"reason", p.reason},
                     {"parked", format_instant(p.parked_at)}});
    out << all.dump(2) << '\n';
    return Exit::ok;
  }
  fmt::print(out, "{:<16} {:<12} {:<20} {}\n", "SERIAL", "STATION", "PARKED", "REASON");
  for (const auto& p : parked)
    fmt::print(out, "{:<16} {:<12} {:<20} {}\n", p.serial, p.station, format_instant(p.parked_at), p.reason);
  return Exit::ok;
}

Exit list(const DeviceListOptions& o, World& world) {
  Host host{world};
  const auto database = open_registry(host.site());
  if (o.parked) return list_parked(o, *database, world.out);
  const auto devices = database->read([](store::Transaction& t) { return registry::devices(t); });
  if (o.json) {
    auto all = json::array();
    for (const auto& d : devices) all.push_back(json_of(d));
    world.out << all.dump(2) << '\n';
    return Exit::ok;
  }
  constexpr auto kLine = "{:<16} {:<14} {:<18} {:<11} {:<12} {:<12} {}\n";
  fmt::print(world.out, kLine, "SERIAL", "MODEL", "MAC", "STATE", "PROJECT", "NETWORK", "VERSION");
  for (const auto& d : devices)
    fmt::print(world.out, kLine, d.serial, d.model, d.mac.text(), state_text(d.state), d.project.value_or("-"),
               d.network.value_or("-"), d.version.value_or("-"));
  return Exit::ok;
}

registry::Device require_device(store::Transaction& transaction, const std::string& serial) {
  auto found = registry::find_device(transaction, serial);
  if (!found)
    throw Error{Errc::not_found, "no device " + serial + " in the registry; 'lamp-cloud device list' shows all"};
  return *std::move(found);
}

Exit show(const ShowOptions& o, World& world) {
  Host host{world};
  const auto [device, keys] = open_registry(host.site())->read([&](store::Transaction& t) {
    return std::pair{require_device(t, o.serial), registry::public_keys(t, o.serial)};
  });
  auto fields = json_of(device);
  if (o.json) {
    fields["public_keys"] = json::object();
    for (const auto& key : keys) fields["public_keys"][key.name] = firmware::text_of(key);
    world.out << fields.dump(2) << '\n';
    return Exit::ok;
  }
  for (const char* name : {"serial", "model", "mac", "fingerprint", "state", "project", "network", "version", "station",
                           "order", "registered"}) {
    const auto value = fields.at(name).get<std::string>();
    fmt::print(world.out, "{:<12} {}\n", name, value.empty() ? "-" : value);
  }
  for (const auto& key : keys) fmt::print(world.out, "{:<15} {}\n", key.name, firmware::text_of(key));
  return Exit::ok;
}

Exit revoke(const RevokeOptions& o, World& world) {
  Host host{world};
  const auto database = open_registry(host.site());
  const bool changed = database->write([&](store::Transaction& t) {
    const auto device = require_device(t, o.serial);
    if (device.state == registry::DeviceState::revoked) return false;
    audit::record(t, {account_name(), "cloud.device.revoke", o.serial, {{"fingerprint", device.fingerprint}}},
                  host.now(), world.rng);
    return registry::revoke_device(t, o.serial, host.now());
  });
  fmt::print(world.out, "{} {}\n", o.serial,
             changed ? "is revoked: its next request is refused" : "was revoked before");
  finish_cloud(host, *database);
  return Exit::ok;
}

}  // namespace

void add_cloud_device(Tool& tool) {
  tool.verb<DeviceListOptions>("device list", "List the registered devices, or the parked records", declare_list, list);
  tool.verb<ShowOptions>("device show", "Show one device", declare_show, show);
  tool.verb<RevokeOptions>("device revoke", "Shut a device out, from its next request on", declare_revoke, revoke);
}

}  // namespace lamp::cli
