#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/ca/site_authority.hpp"
#include "cli/ca/verbs.hpp"
#include "lib/pki/records.hpp"

namespace lamp::cli {
namespace {

struct ListOptions {
  std::string authority, state, profile, name, order;
  bool json = false;
};

void declare(Arguments& a, ListOptions& o) {
  a.option("--authority", o.authority, "Only what this authority issued");
  a.option("--state", o.state, "Only this state: reserved, issued or revoked");
  a.option("--profile", o.profile, "Only this profile");
  a.option("--name", o.name, "Only this person, server, authority or device serial number");
  a.option("--order", o.order, "Only devices of this production order");
  a.flag("--json", o.json, "Print JSON");
}

pki::Filter filter_of(const ListOptions& o) {
  pki::Filter filter;
  filter.authority = o.authority;
  filter.profile = o.profile;
  filter.identity = o.name;
  filter.order = o.order;
  if (!o.state.empty()) filter.state = pki::parse_state(o.state);
  return filter;
}

void print_json(const std::vector<pki::Record>& records, std::ostream& out) {
  auto all = nlohmann::json::array();
  for (const auto& r : records)
    all.push_back({{"authority", r.authority},
                   {"serial", r.serial},
                   {"state", text(r.state)},
                   {"profile", r.profile},
                   {"name", r.identity},
                   {"order", r.order},
                   {"key", r.key},
                   {"reserved-at", format_instant(r.reserved_at)},
                   {"not-after", format_instant(r.not_after)}});
  out << all.dump(2) << '\n';
}

void print_table(const std::vector<pki::Record>& records, std::ostream& out) {
  if (records.empty()) {
    out << "no certificate fits\n";
    return;
  }
  fmt::print(out, "{:<32}  {:<10} {:<8} {:<10} {:<20} {}\n", "SERIAL", "AUTHORITY", "STATE", "PROFILE", "UNTIL",
             "NAME");
  for (const auto& r : records)
    fmt::print(out, "{:<32}  {:<10} {:<8} {:<10} {:<20} {}\n", r.serial, r.authority, text(r.state), r.profile,
               r.not_after == pki::kNoEnd ? "no end" : format_instant(r.not_after), r.identity);
}

Exit list(const ListOptions& o, World& world) {
  Host host{world};
  const auto filter = filter_of(o);
  const auto records = open_register(host).read([&](store::Transaction& t) { return pki::list(t, filter); });
  o.json ? print_json(records, world.out) : print_table(records, world.out);
  return Exit::ok;
}

}  // namespace

void add_ca_list(Tool& tool) {
  tool.verb<ListOptions>("list", "List the register: what was reserved, issued, revoked", declare, list);
}

}  // namespace lamp::cli
