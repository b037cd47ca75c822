#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/host.hpp"
#include "cli/hsm/verbs.hpp"

namespace lamp::cli {
namespace {

struct ListOptions {
  std::string token;
  bool json = false;
};

void declare(Arguments& a, ListOptions& o) {
  a.positional("token", o.token, "Name of the token in site.yaml");
  a.flag("--json", o.json, "Print JSON");
}

void print_json(const std::vector<hsm::KeyInfo>& keys, std::ostream& out) {
  auto all = nlohmann::json::array();
  for (const auto& k : keys) {
    all.push_back({{"label", k.label},
                   {"kind", k.kind},
                   {"id", hex(k.id)},
                   {"pin-each-time", k.always_authenticate},
                   {"extractable", k.extractable},
                   {"never-extractable", k.never_extractable},
                   {"made-here", k.local}});
  }
  out << all.dump(2) << '\n';
}

std::string_view secrecy(const hsm::KeyInfo& key) {
  if (key.extractable) return "may-be-wrapped";
  return key.never_extractable ? "never-leaves" : "locked";
}

void print_table(const std::vector<hsm::KeyInfo>& keys, std::ostream& out) {
  fmt::print(out, "{:<20} {:<8} {:<14} {:<10} {}\n", "KEY", "KIND", "SECRECY", "PIN", "ID");
  for (const auto& k : keys) {
    fmt::print(out, "{:<20} {:<8} {:<14} {:<10} {}\n", k.label, k.kind, secrecy(k),
               k.always_authenticate ? "each time" : "at login", hex(k.id));
  }
}

Exit list(const ListOptions& o, World& world) {
  Host host{world};
  auto keys = host.token(o.token).keys();
  std::ranges::sort(keys, {}, &hsm::KeyInfo::label);
  o.json ? print_json(keys, world.out) : print_table(keys, world.out);
  return Exit::ok;
}

}  // namespace

void add_key_list(Tool& tool) {
  tool.verb<ListOptions>("key list", "List the private and secret keys in a token", declare, list);
}

}  // namespace lamp::cli
