#include <fmt/format.h>
#include <fmt/ostream.h>

#include <optional>

#include "cli/factory/issuing_authority.hpp"
#include "cli/factory/tool.hpp"
#include "cli/host.hpp"
#include "manufacturing/journal.hpp"

namespace lamp::cli {
namespace {

using namespace manufacturing;

struct CloseOptions {
  std::string file;
  bool dry_run = false;
};

void declare(Arguments& a, CloseOptions& o) {
  a.positional("file", o.file, "Order file, lamp-order(5)");
  a.flag("--dry-run", o.dry_run, "Say what would be done to the order and its key, and change nothing");
}

/// Nothing on a host that is not the station's.
std::optional<IssuingAuthority> authority_of(const config::Site& site, const Order& order) {
  if (!site.people.contains(order.station)) return std::nullopt;
  return issuing_authority(site, order.station, order.id);
}

bool serves_this_order_only(const std::optional<IssuingAuthority>& authority) {
  return authority && authority->serves == IssuingAuthority::Serves::this_order;
}

/// The intent to destroy the key is durable before the token is touched; who was stopped in between closes again.
OrderCount close_in_journal(Host& host, const Order& order, const std::optional<IssuingAuthority>& authority) {
  return host.database().write([&](store::Transaction& t) {
    close_order(t, order.id, host.now());
    const auto counted = count(t, order);
    audit::Event event{account_name(),
                       "factory.order.close",
                       order.id,
                       {{"done", std::to_string(counted.done)}, {"scrapped", std::to_string(counted.scrapped)}}};
    if (authority) event.details.emplace_back("authority", authority->name);
    if (authority) event.details.emplace_back("key", serves_this_order_only(authority) ? "to be destroyed" : "kept");
    audit::record(t, event, host.now(), host.world().rng);
    return counted;
  });
}

void destroy_key(Host& host, const Order& order, const std::string& authority) {
  auto& token = host.token(host.site().person(order.station).token);
  const bool is_there = token.has_key(authority);
  if (is_there) token.destroy_key(authority);
  host.record({account_name(),
               "factory.key.destroyed",
               authority,
               {{"order", order.id}, {"station", order.station}, {"was-there", is_there ? "yes" : "no"}}});
}

/// The other orders of the station that are not closed, as a list.
std::string open_orders(Host& host, const Order& order) {
  std::string names;
  for (const auto& id : host.database().read([&](store::Transaction& t) { return orders_open(t, order.station); }))
    if (id != order.id) names += (names.empty() ? "" : ", ") + id;
  return names;
}

void tell_of_key(Host& host, const Order& order, const std::optional<IssuingAuthority>& authority, bool dry_run) {
  auto& out = host.world().out;
  if (!authority) return;
  if (serves_this_order_only(authority)) {
    fmt::print(out, "the key of authority {}, which served this order only, {} destroyed\n", authority->name,
               dry_run ? "would be" : "is");
    return;
  }
  const auto others = open_orders(host, order);
  fmt::print(out, "the key of authority {} is kept: it serves every order of station {}; open now: {}\n",
             authority->name, order.station, others.empty() ? "none" : others);
}

Exit close(const CloseOptions& options, World& world) {
  Host host{world};
  const auto order = Order::load(options.file);
  host.database().migrate(journal_schema());
  const auto authority = authority_of(host.site(), order);
  if (options.dry_run) {
    (void)host.database().read([&](store::Transaction& t) { return require_known(t, order.id); });
    fmt::print(world.out, "{} would be closed\n", order.id);
    tell_of_key(host, order, authority, true);
    return Exit::ok;
  }
  const auto made = close_in_journal(host, order, authority);
  if (serves_this_order_only(authority)) destroy_key(host, order, authority->name);
  host.finish();
  fmt::print(world.out, "{} is closed: {} done, {} scrapped, {} of {} never finished\n", order.id, made.done,
             made.scrapped, made.total - made.done - made.scrapped, made.total);
  tell_of_key(host, order, authority, false);
  return Exit::ok;
}

}  // namespace

void add_order_close(Tool& tool) {
  tool.verb<CloseOptions>("order close", "Close an order for good: nothing more is made from it", declare, close);
}

}  // namespace lamp::cli
