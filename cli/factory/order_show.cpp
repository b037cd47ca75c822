#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/factory/tool.hpp"
#include "cli/host.hpp"
#include "lib/quorum/model_keys.hpp"
#include "manufacturing/journal.hpp"

namespace lamp::cli {
namespace {

using namespace manufacturing;

struct ShowOptions {
  std::string file;
  bool json = false;
};

void declare(Arguments& a, ShowOptions& o) {
  a.positional("file", o.file, "Order file, lamp-order(5)");
  a.flag("--json", o.json, "Print JSON");
}

void print_json(const Order& order, const quorum::Tally& counted, const OrderCount& made, std::ostream& out) {
  auto lines = nlohmann::json::array();
  for (const auto& line : order.lines)
    lines.push_back({{"model", line.model},
                     {"quantity", line.quantity},
                     {"serial-first", line.serial(0)},
                     {"serial-last", line.serial(line.quantity - 1)},
                     {"mac-first", line.mac_first.text()},
                     {"mac-last", line.mac_last().text()}});
  const nlohmann::json all{{"order", order.id},
                           {"station", order.station},
                           {"station-key", hex(order.station_key)},
                           {"not-after", format_instant(order.not_after)},
                           {"lines", lines},
                           {"approved", counted.approved},
                           {"missing", counted.missing},
                           {"objections", counted.objections},
                           {"begun", made.begun},
                           {"done", made.done},
                           {"scrapped", made.scrapped}};
  out << all.dump(2) << '\n';
}

void print(const Order& order, const quorum::Tally& counted, const OrderCount& made, std::ostream& out) {
  fmt::print(out, "{} for station {}, until {}\n", order.id, order.station, format_instant(order.not_after));
  fmt::print(out, "  for the station's key {}\n", hex(order.station_key));
  for (const auto& line : order.lines)
    fmt::print(out, "  {:<14} {:>6}  {} to {}  {} to {}\n", line.model, line.quantity, line.serial(0),
               line.serial(line.quantity - 1), line.mac_first.text(), line.mac_last().text());
  for (const auto& officer : counted.approved) fmt::print(out, "  approved by {}\n", officer);
  for (const auto& objection : counted.objections) fmt::print(out, "  does not count: {}\n", objection);
  fmt::print(out, "  {} begun, {} done, {} scrapped\n", made.begun, made.done, made.scrapped);
}

Exit show(const ShowOptions& options, World& world) {
  Host host{world};
  const auto order = Order::load(options.file);
  const auto roster = quorum::Roster::load(quorum::roster_file(host.site().root, host.site().order_quorum));
  const auto counted = tally(order, roster, host.now());
  host.database().migrate(journal_schema());
  const auto made = host.database().read([&](store::Transaction& t) { return count(t, order); });
  if (options.json)
    print_json(order, counted, made, world.out);
  else
    print(order, counted, made, world.out);
  return Exit::ok;
}

}  // namespace

void add_order_show(Tool& tool) {
  tool.verb<ShowOptions>("order show", "Show an order: who approved it, what was made from it", declare, show);
}

}  // namespace lamp::cli
