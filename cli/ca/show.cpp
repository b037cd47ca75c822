#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/ca/site_authority.hpp"
#include "cli/ca/verbs.hpp"
#include "lib/pki/records.hpp"

namespace lamp::cli {
namespace {

struct ShowOptions {
  std::string serial, authority;
  bool json = false;
};

void declare(Arguments& a, ShowOptions& o) {
  a.positional("serial", o.serial, "Serial number of the certificate, hex");
  a.option("--authority", o.authority, "The authority, when several issued that number");
  a.flag("--json", o.json, "Print JSON");
}

/// What renewed it, if anything did.
std::string successor(Host& host, const pki::Record& record) {
  const auto later = open_register(host).read(
      [&](store::Transaction& t) { return pki::list(t, {.authority = record.authority, .replaces = record.serial}); });
  std::string serials;
  for (const auto& one : later) serials += (serials.empty() ? "" : " ") + one.serial;
  return serials;
}

std::string when(const std::optional<Instant>& at) { return at ? format_instant(*at) : "never"; }

std::string pem_of(const pki::Record& record) {
  return record.certificate.empty() ? std::string{} : pki::to_pem({record.certificate});
}

std::string one_line(std::string values) {
  while (values.ends_with('\n')) values.pop_back();
  for (auto& c : values)
    if (c == '\n') c = ' ';
  return values;
}

void print_json(const pki::Record& r, const std::string& later, std::ostream& out) {
  const nlohmann::json all{{"authority", r.authority},
                           {"serial", r.serial},
                           {"state", text(r.state)},
                           {"profile", r.profile},
                           {"name", r.identity},
                           {"values", one_line(r.values)},
                           {"key", r.key},
                           {"order", r.order},
                           {"replaces", r.replaces},
                           {"renewed-by", later},
                           {"reserved-at", format_instant(r.reserved_at)},
                           {"issued-at", when(r.issued_at)},
                           {"revoked-at", when(r.revoked_at)},
                           {"reason", r.reason},
                           {"not-after", format_instant(r.not_after)},
                           {"certificate", pem_of(r)}};
  out << all.dump(2) << '\n';
}

void print(const pki::Record& r, const std::string& later, std::ostream& out) {
  const auto line = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) fmt::print(out, "{:<12} {}\n", name, value);
  };
  line("serial", r.serial);
  line("authority", r.authority);
  line("state", text(r.state));
  line("profile", r.profile);
  line("name", r.identity);
  line("values", one_line(r.values));
  line("key", r.key);
  line("order", r.order);
  line("replaces", r.replaces);
  line("renewed by", later);
  line("reserved", format_instant(r.reserved_at));
  line("issued", when(r.issued_at));
  if (r.revoked_at) line("revoked", format_instant(*r.revoked_at) + " " + r.reason);
  line("until", format_instant(r.not_after));
  out << pem_of(r);
}

Exit show(const ShowOptions& o, World& world) {
  Host host{world};
  const auto record = find_certificate(host, o.serial, o.authority);
  const auto later = successor(host, record);
  o.json ? print_json(record, later, world.out) : print(record, later, world.out);
  return Exit::ok;
}

}  // namespace

void add_ca_show(Tool& tool) { tool.verb<ShowOptions>("show", "Show one certificate of the register", declare, show); }

}  // namespace lamp::cli
