#include <ostream>

#include "cli/factory/tool.hpp"
#include "cli/host.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/binding/label.hpp"
#include "manufacturing/journal.hpp"

namespace lamp::cli {
namespace {

using namespace manufacturing;

struct LabelOptions {
  std::string serial;
};

void declare(Arguments& a, LabelOptions& o) { a.positional("serial", o.serial, "Serial number of the device"); }

std::filesystem::path label_file(const config::Site& site, const std::string& station, const std::string& serial) {
  return site.root / "factory" / station / "devices" / serial / "label.txt";
}

/// The whole text goes to standard output, claim code and all: it is what a printer gets.
Exit label(const LabelOptions& options, World& world) {
  Host host{world};
  host.database().migrate(journal_schema());
  const auto [unit, order] = host.database().read([&](store::Transaction& t) {
    const auto found = find_unit(t, options.serial);
    if (!found) throw Error{Errc::not_found, "this host has not begun a device " + options.serial};
    return std::pair{*found, find_order(t, found->order)};
  });
  if (!order) throw Error{Errc::internal, "order " + unit.order + " is not in the journal"};
  if (unit.state != UnitState::done)
    throw Error{Errc::denied,
                unit.serial + " is " + std::string{name_of(unit.state)} + ": a label is for a device that is done"};
  const auto text = read_secret_file(label_file(host.site(), order->station, unit.serial));
  host.record({account_name(), "factory.label", unit.serial, {{"order", unit.order}}});
  host.finish();
  world.out.write(reinterpret_cast<const char*>(text.data()), static_cast<std::streamsize>(text.size()));
  world.out << '\n';
  return Exit::ok;
}

}  // namespace

void add_label(Tool& tool) {
  tool.verb<LabelOptions>("label", "Print a finished device's label text again; the log keeps that it was done",
                          declare, label);
}

}  // namespace lamp::cli
