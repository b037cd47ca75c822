#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/ca/csv.hpp"
#include "cli/ca/site_authority.hpp"
#include "cli/ca/verbs.hpp"
#include "cli/usage.hpp"
#include "lib/pki/records.hpp"

namespace lamp::cli {
namespace {

struct ListOptions {
  std::string authority, state, profile, name, order, subject, expires_before;
  bool json = false, csv = false;
};

void declare(Arguments& a, ListOptions& o) {
  a.option("--authority", o.authority, "Only what this authority issued");
  a.option("--state", o.state, "Only this state: reserved, issued or revoked");
  a.option("--profile", o.profile, "Only this profile");
  a.option("--name", o.name, "Only this person, server, authority or device serial number");
  a.option("--subject", o.subject, "Only with this text in a value of the subject");
  a.option("--order", o.order, "Only devices of this production order");
  a.option("--expires-before", o.expires_before, "Only what ends before this time, 2027-01-31T00:00:00Z");
  a.flag("--json", o.json, "Print JSON");
  a.flag("--csv", o.csv, "Print CSV");
}

pki::Filter filter_of(const ListOptions& o) {
  pki::Filter filter;
  filter.authority = o.authority;
  filter.profile = o.profile;
  filter.identity = o.name;
  filter.order = o.order;
  filter.subject = o.subject;
  if (!o.state.empty()) filter.state = pki::parse_state(o.state);
  if (!o.expires_before.empty()) filter.expires_before = parse_instant(o.expires_before);
  return filter;
}

std::string until(const pki::Record& r) { return r.not_after == pki::kNoEnd ? "no end" : format_instant(r.not_after); }

/// Rows as they come, for registers of any size.
class Printer {
 public:
  Printer(const ListOptions& o, std::ostream& out) : json_{o.json}, csv_{o.csv}, out_{out} {
    if (json_) out_ << "[";
    if (csv_) out_ << "serial,authority,state,profile,name,order,replaces,key,reserved_at,not_after\r\n";
  }

  void row(const pki::Record& r) {
    const bool first = rows_++ == 0;
    if (json_) return print_json(r, first);
    if (csv_) return print_csv(r);
    if (first)
      fmt::print(out_, "{:<32}  {:<10} {:<8} {:<10} {:<20} {}\n", "SERIAL", "AUTHORITY", "STATE", "PROFILE", "UNTIL",
                 "NAME");
    fmt::print(out_, "{:<32}  {:<10} {:<8} {:<10} {:<20} {}\n", r.serial, r.authority, text(r.state), r.profile,
               until(r), r.identity);
  }

  void end() {
    if (json_) out_ << (rows_ == 0 ? "]\n" : "\n]\n");
    if (!json_ && !csv_ && rows_ == 0) out_ << "no certificate fits\n";
  }

 private:
  void print_json(const pki::Record& r, bool first) {
    const nlohmann::json one{{"authority", r.authority},
                             {"serial", r.serial},
                             {"state", text(r.state)},
                             {"profile", r.profile},
                             {"name", r.identity},
                             {"order", r.order},
                             {"replaces", r.replaces},
                             {"key", r.key},
                             {"reserved-at", format_instant(r.reserved_at)},
                             {"not-after", format_instant(r.not_after)}};
    out_ << (first ? "\n" : ",\n") << one.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  void print_csv(const pki::Record& r) {
    fmt::print(out_, "{},{},{},{},{},{},{},{},{},{}\r\n", r.serial, csv_field(r.authority), text(r.state),
               csv_field(r.profile), csv_field(r.identity), csv_field(r.order), r.replaces, r.key,
               format_instant(r.reserved_at), format_instant(r.not_after));
  }

  bool json_, csv_;
  std::ostream& out_;
  std::uint64_t rows_ = 0;
};

Exit list(const ListOptions& o, World& world) {
  if (o.json && o.csv) {
    throw UsageError{"one of --json and --csv"};
  }
  Host host{world};
  const auto filter = filter_of(o);
  Printer printer{o, world.out};
  open_register(host).read([&](store::Transaction& t) {
    pki::for_each(t, filter, pki::Detail::summary, [&](const pki::Record& record) {
      printer.row(record);
      return world.out.good();
    });
    return 0;
  });
  printer.end();
  return Exit::ok;
}

}  // namespace

void add_ca_list(Tool& tool) {
  tool.verb<ListOptions>("list", "List the register: what was reserved, issued, revoked", declare, list);
}

}  // namespace lamp::cli
