#include <botan/rng.h>

#include <algorithm>
#include <set>

#include "lib/base/error.hpp"
#include "lib/registry/project.hpp"

namespace lamp::registry {
namespace {

constexpr std::string_view kSelect =
    "SELECT network.name, network.project, network.gateway, network.pan_id, network.extended_pan_id FROM network "
    "JOIN project_member ON project_member.project = network.project AND project_member.user_name = ? ";

/// A user with two roles in a project would meet each network twice.
constexpr std::string_view kGrouped =
    " GROUP BY network.name, network.project, network.gateway, network.pan_id, network.extended_pan_id "
    "ORDER BY network.project, network.name";

Network network_from(store::Transaction& transaction, const store::Row& row) {
  Network network{.name = row.text(0),
                  .project = row.text(1),
                  .gateway = row.text(2),
                  .pan_id = static_cast<std::uint16_t>(row.integer(3)),
                  .extended_pan_id = row.text(4),
                  .members = {}};
  for (const auto& member :
       transaction.query("SELECT serial FROM network_member WHERE project = ? AND network = ? ORDER BY serial",
                         {network.project, network.name}))
    network.members.push_back(member.text(0));
  return network;
}

struct Gateway {
  std::string serial, project;
};

Gateway require_gateway(store::Transaction& transaction, MacAddress mac, std::string_view user) {
  const auto row = transaction.query_one(
      "SELECT device.serial, device.project FROM device JOIN mac_claim ON mac_claim.serial = device.serial "
      "WHERE mac_claim.mac = ? AND device.state = 1 AND EXISTS (SELECT 1 FROM project_member "
      "WHERE project_member.project = device.project AND project_member.user_name = ?)",
      {static_cast<std::int64_t>(mac.number()), std::string{user}});
  if (!row) throw Error{Errc::not_found, "no gateway " + mac.text() + " in a project of yours; claim it first"};
  return {row->text(0), row->text(1)};
}

/// 0x0000 and 0xffff mean something else in Zigbee.
std::uint16_t random_pan_id(Botan::RandomNumberGenerator& rng) {
  for (;;) {
    const auto bytes = rng.random_array<2>();
    const auto id = static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
    if (id > 0 && id < 0xfffe) return id;
  }
}

/// Whether this call put the device there.
bool move_in(store::Transaction& transaction, const Network& network, const std::string& serial, std::string_view user,
             Instant now) {
  const auto changed = transaction.execute(
      "UPDATE device SET project = ?, network = ? WHERE serial = ? AND state = 1 AND network IS NULL "
      "AND (project IS NULL OR project = ?) AND NOT EXISTS (SELECT 1 FROM network WHERE network.gateway = "
      "device.serial)",
      {network.project, network.name, serial, network.project});
  if (changed == 0) return false;
  transaction.execute(
      "INSERT INTO network_member (serial, project, network, added_by, added_at) VALUES (?, ?, ?, ?, ?)",
      {serial, network.project, network.name, std::string{user}, unix_seconds(now)});
  return true;
}

}  // namespace

Network create_network(store::Transaction& transaction, std::string_view name, MacAddress gateway,
                       std::string_view user, Instant now, Botan::RandomNumberGenerator& rng) {
  require_name(name, "the network's name");
  const auto found = require_gateway(transaction, gateway, user);
  const auto row = transaction.query_one(
      "SELECT name, project, gateway, pan_id, extended_pan_id FROM network WHERE gateway = ?", {found.serial});
  if (row && row->text(0) != name)
    throw Error{Errc::exists, "gateway " + gateway.text() + " has the network " + row->text(0) + " already"};
  if (row) return network_from(transaction, *row);

  Network network{.name = std::string{name},
                  .project = found.project,
                  .gateway = found.serial,
                  .pan_id = random_pan_id(rng),
                  .extended_pan_id = hex(rng.random_vec<Bytes>(8)),
                  .members = {}};
  const auto added = transaction.execute(
      "INSERT INTO network (name, project, gateway, pan_id, extended_pan_id, created_by, created_at) "
      "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      {network.name, network.project, network.gateway, std::int64_t{network.pan_id}, network.extended_pan_id,
       std::string{user}, unix_seconds(now)});
  if (added == 0)
    throw Error{Errc::exists, "project " + network.project + " has a network " + network.name + " already"};
  return network;
}

std::vector<Network> networks(store::Transaction& transaction, std::string_view user) {
  std::vector<Network> all;
  for (const auto& row : transaction.query(std::string{kSelect} + std::string{kGrouped}, {std::string{user}}))
    all.push_back(network_from(transaction, row));
  return all;
}

std::optional<Network> find_network(store::Transaction& transaction, std::string_view name, std::string_view user) {
  const auto rows = transaction.query(std::string{kSelect} + "WHERE network.name = ?" + std::string{kGrouped},
                                      {std::string{user}, std::string{name}});
  if (rows.empty()) return std::nullopt;
  if (rows.size() > 1)
    throw Error{Errc::bad_input, "more than one project of yours has a network " + std::string{name}};
  return network_from(transaction, rows.front());
}

void add_to_network(store::Transaction& transaction, const Network& network, const std::vector<std::string>& serials,
                    std::string_view user, Instant now) {
  std::string refused;
  for (const auto& serial : std::set<std::string>{serials.begin(), serials.end()}) {
    const bool there = std::find(network.members.begin(), network.members.end(), serial) != network.members.end();
    if (there || move_in(transaction, network, serial, user, now)) continue;
    refused += (refused.empty() ? "" : ", ") + serial;
  }
  if (!refused.empty()) throw Error{Errc::denied, "not available for this network: " + refused};
}

}  // namespace lamp::registry
