#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/factory/tool.hpp"
#include "cli/host.hpp"
#include "manufacturing/journal.hpp"

namespace lamp::cli {
namespace {

using namespace manufacturing;

struct StatusOptions {
  bool json = false;
};

void declare(Arguments& a, StatusOptions& o) { a.flag("--json", o.json, "Print JSON"); }

void print_json(const std::vector<Unit>& all, std::ostream& out) {
  auto list = nlohmann::json::array();
  for (const auto& unit : all)
    list.push_back({{"serial", unit.serial},
                    {"model", unit.model},
                    {"mac", unit.mac.text()},
                    {"order", unit.order},
                    {"state", name_of(unit.state)},
                    {"lock", unit.state == UnitState::done ? "locked" : "unproven"},
                    {"chip", unit.chip_id},
                    {"certificate", unit.certificate_serial},
                    {"port", unit.port},
                    {"updated", format_instant(unit.updated)}});
  out << list.dump(2) << '\n';
}

Exit status(const StatusOptions& options, World& world) {
  Host host{world};
  host.database().migrate(journal_schema());
  const auto all = host.database().read([](store::Transaction& t) { return units(t); });
  if (options.json) {
    print_json(all, world.out);
    return Exit::ok;
  }
  for (const auto& unit : all)
    fmt::print(world.out, "{:<14} {:<12} {}  {:<10} {:<8} {}  {}\n", unit.serial, unit.model, unit.mac.text(),
               name_of(unit.state), unit.state == UnitState::done ? "locked" : "unproven", unit.order,
               format_instant(unit.updated));
  if (all.empty()) world.out << "no device was begun on this host\n";
  return Exit::ok;
}

}  // namespace

void add_status(Tool& tool) {
  tool.verb<StatusOptions>("status", "Every device that this host has begun, and how far it came", declare, status);
}

}  // namespace lamp::cli
