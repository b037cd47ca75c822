#include "cli/sim/apply.hpp"

#include <ostream>

#include "cli/sim/device_updater.hpp"
#include "cli/sim/shelf.hpp"

namespace lamp::cli {

void declare(Arguments& arguments, SimApplyOptions& options) {
  arguments.positional("device", options.device, "Name of the virtual device, such as smart-lamp-1");
  arguments.positional("release", options.release, "Release file");
}

Exit sim_apply(const SimApplyOptions& options, World& world) {
  const auto site = config::Site::find(world.site);
  const auto flash = sim::DeviceFlash::open(sim::find_on_shelf(site, options.device));
  sim::DeviceUpdater updater{flash};
  updater.start();
  const auto before = updater.version().text();
  if (const auto outcome = updater.receive(options.release); !outcome.accepted()) {
    world.err << "lamp-sim: refused: " << options.device << ": " << outcome.text << '\n';
    return Exit::refused;
  }
  if (updater.start() != firmware::device::Boot::trial) {
    world.err << "lamp-sim: refused: " << options.device << ": the new image did not start\n";
    return Exit::refused;
  }
  world.out << options.device << ": " << before << " -> " << updater.version().text() << '\n';
  return Exit::ok;
}

}  // namespace lamp::cli
