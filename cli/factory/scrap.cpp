#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/factory/tool.hpp"
#include "cli/host.hpp"
#include "lib/base/error.hpp"
#include "lib/pki/authority.hpp"
#include "lib/pki/records.hpp"
#include "lib/pki/revocation.hpp"
#include "manufacturing/journal.hpp"

namespace lamp::cli {
namespace {

using namespace manufacturing;

constexpr const char* kRevocationReason = "cessationOfOperation";

struct ScrapOptions {
  std::string serial, reason;
};

void declare(Arguments& a, ScrapOptions& o) {
  a.positional("serial", o.serial, "Serial number of the device");
  a.required("--reason", o.reason, "Why, in a few words, for the log");
}

/// What is left to do, to be said; empty when there was no certificate.
std::string revoke_certificate(store::Transaction& transaction, const Unit& unit, Instant now) {
  // A line server has it in its register; maybe also one of which this station never heard.
  if (unit.state >= UnitState::keyed && unit.tbs.empty())
    return "its certificate is the line server's to revoke: lamp-ca revoke --device " + unit.serial + " --reason " +
           kRevocationReason;
  if (unit.certificate_serial.empty()) return {};
  pki::Filter filter;
  filter.serial = unit.certificate_serial;
  filter.identity = unit.serial;
  for (const auto& record : pki::list(transaction, filter)) {
    (void)pki::revoke(transaction, record, kRevocationReason, now);
    return "its certificate is revoked; run 'lamp-ca crl " + record.authority + "' to publish the list";
  }
  return {};
}

std::string scrap_unit(store::Transaction& transaction, const ScrapOptions& options, Host& host) {
  auto unit = find_unit(transaction, options.serial);
  if (!unit) throw Error{Errc::not_found, "this host has not begun a device " + options.serial};
  if (unit->state == UnitState::scrapped) throw Error{Errc::exists, options.serial + " was scrapped before"};
  const std::string was{name_of(unit->state)};
  auto left_to_do = revoke_certificate(transaction, *unit, host.now());
  unit->state = UnitState::scrapped;
  save(transaction, *unit, "scrap", host.now());
  audit::record(transaction,
                {account_name(),
                 "factory.unit.scrap",
                 unit->serial,
                 {{"reason", options.reason}, {"was", was}, {"certificate", unit->certificate_serial}}},
                host.now(), host.world().rng);
  return left_to_do;
}

Exit scrap(const ScrapOptions& options, World& world) {
  Host host{world};
  auto& database = host.database();
  database.migrate(pki::schema());
  database.migrate(journal_schema());
  const auto left_to_do = database.write([&](store::Transaction& t) { return scrap_unit(t, options, host); });
  host.finish();
  fmt::print(world.out, "{} is scrapped; its place in the order is not given back\n", options.serial);
  if (!left_to_do.empty()) fmt::print(world.out, "{}\n", left_to_do);
  return Exit::ok;
}

}  // namespace

void add_scrap(Tool& tool) {
  tool.verb<ScrapOptions>("scrap", "Give a device up: revokes its certificate, its count is not given back", declare,
                          scrap);
}

}  // namespace lamp::cli
