#include "cli/sim/apply.hpp"

#include <optional>
#include <ostream>

#include "cli/sim/device_updater.hpp"
#include "cli/sim/shelf.hpp"
#include "lib/firmware/release_file.hpp"

namespace lamp::cli {
namespace {

/// The application that the file says it is, which chooses the updater that judges it; nothing for everything else.
std::optional<firmware::Application> application_in(const firmware::ReleaseFile& release) {
  const auto read = attempt([&] {
    const auto head = release.head();
    const auto manifest = firmware::parse_manifest(head.envelope.manifest, firmware::Content::application);
    return firmware::Application::parse(manifest.permissions);
  });
  const auto* application = std::get_if<firmware::Application>(&read);
  return application == nullptr ? std::nullopt : std::optional{*application};
}

Exit apply_with(sim::DeviceUpdater& updater, const std::string& to, const std::string& release, World& world) {
  updater.start();
  const auto before = updater.empty() ? std::string{"none"} : updater.version().text();
  if (const auto outcome = updater.receive(release); !outcome.accepted()) {
    world.err << "lamp-sim: refused: " << to << ": " << outcome.text << '\n';
    return Exit::refused;
  }
  if (updater.start() != firmware::device::Boot::trial) {
    world.err << "lamp-sim: refused: " << to << ": the new image did not start\n";
    return Exit::refused;
  }
  world.out << to << ": " << before << " -> " << updater.version().text() << '\n';
  return Exit::ok;
}

}  // namespace

void declare(Arguments& arguments, SimApplyOptions& options) {
  arguments.positional("device", options.device, "Name of the virtual device, such as smart-lamp-1");
  arguments.positional("release", options.release, "Release file, of firmware or of an application");
}

Exit sim_apply(const SimApplyOptions& options, World& world) {
  const auto site = config::Site::find(world.site);
  const auto flash = sim::DeviceFlash::open(sim::find_on_shelf(site, options.device));
  const firmware::ReleaseFile release{options.release};
  const auto application = application_in(release);
  if (!application) {
    sim::DeviceUpdater updater{flash};
    return apply_with(updater, options.device, options.release, world);
  }
  const auto to = options.device + " " + application->text();
  if (const auto admitted = sim::admit(flash, *application, release); !admitted.accepted()) {
    world.err << "lamp-sim: refused: " << to << ": " << admitted.text << '\n';
    return Exit::refused;
  }
  sim::DeviceUpdater updater{flash, *application};
  return apply_with(updater, to, options.release, world);
}

}  // namespace lamp::cli
