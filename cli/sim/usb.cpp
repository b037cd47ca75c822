#include "cli/sim/usb.hpp"

#include <optional>
#include <ostream>
#include <set>

#include "cli/sim/child_process.hpp"
#include "cli/sim/shelf.hpp"
#include "cli/sim/usb_bus.hpp"
#include "cli/sim/usb_dfuse.hpp"
#include "cli/sim/usb_lamp.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/firmware/device_profile.hpp"

namespace lamp::cli {

namespace {

constexpr std::uint64_t kMostOfOneModel = 100;

struct Wanted {
  firmware::DeviceProfile profile;
  std::uint64_t count;
};

/// What is wrong with the command line itself.
std::optional<std::string> misuse(const std::vector<std::string>& models) {
  std::set<std::string_view> seen;
  for (const auto& text : models) {
    const auto parts = split(text, '=');
    if (parts.size() != 2) return "--model " + text + ": write MODEL=COUNT";
    if (!seen.insert(parts[0]).second) return "--model " + std::string{parts[0]} + " is given twice";
  }
  return std::nullopt;
}

std::vector<Wanted> parse_models(const config::Site& site, const std::vector<std::string>& texts) {
  std::vector<Wanted> wanted;
  for (const auto& text : texts) {
    const auto parts = split(text, '=');
    const std::string model{parts[0]};
    wanted.push_back(
        {firmware::device_profile(site, model), parse_number(parts[1], "--model " + model, 1, kMostOfOneModel)});
  }
  return wanted;
}

std::unique_ptr<sim::UsbDevice> take_from_drawer(const std::filesystem::path& folder,
                                                 const firmware::DeviceProfile& profile,
                                                 Botan::RandomNumberGenerator& rng) {
  auto flash =
      sim::DeviceFlash::is_at(folder) ? sim::DeviceFlash::open(folder) : sim::DeviceFlash::create(folder, profile, rng);
  if (profile.adapter == firmware::AdapterKind::lamp_protocol)
    return std::make_unique<sim::UsbLamp>(sim::VirtualDevice{std::move(flash), rng});
  if (profile.dfuse) return std::make_unique<sim::UsbDfusePart>(std::move(flash), *profile.dfuse, rng);
  throw Error{Errc::not_found, "there is no virtual part for the adapter " +
                                   std::string{firmware::name_of(profile.adapter)} + " of model " + profile.model};
}

void plug_in_all(sim::UsbBus& bus, const config::Site& site, const std::vector<Wanted>& wanted, World& world) {
  for (const auto& [profile, count] : wanted)
    for (std::uint64_t n = 1; n <= count; ++n) {
      const auto folder = sim::place_on_shelf(site, profile.model, n);
      bus.plug_in(take_from_drawer(folder, profile, world.rng));
    }
}

}  // namespace

void declare(Arguments& arguments, SimUsbOptions& options) {
  arguments.required("--model", options.models, "Plug in COUNT devices: MODEL=COUNT, repeatable");
  arguments.rest(options.command, "Program that sees the devices, after --");
}

Exit sim_usb(const SimUsbOptions& options, World& world) {
  if (const auto wrong = misuse(options.models)) {
    world.err << "lamp-sim: error: " << *wrong << '\n';
    return Exit::usage;
  }
  const auto site = config::Site::find(world.site);
  const auto wanted = parse_models(site, options.models);
  if (!sim::UsbBus::is_possible()) sim::restart_preloaded(sim::kPreloadLibrary);
  sim::prepare_environment();
  world.out.flush();

  sim::HeldSignals signals;
  sim::UsbBus bus;
  plug_in_all(bus, site, wanted, world);
  const int status = signals.run(options.command);
  bus.rethrow_failure();
  return static_cast<Exit>(status);
}

}  // namespace lamp::cli
