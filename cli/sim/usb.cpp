#include "cli/sim/usb.hpp"

#include <optional>
#include <ostream>
#include <set>

#include "cli/sim/capture.hpp"
#include "cli/sim/child_process.hpp"
#include "cli/sim/fault_plan.hpp"
#include "cli/sim/shelf.hpp"
#include "cli/sim/usb_bus.hpp"
#include "cli/sim/usb_dfuse.hpp"
#include "cli/sim/usb_lamp.hpp"
#include "cli/sim/vhci_bus.hpp"
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

/// Where the devices of one run come from, with what is between them and the bus.
class Drawer {
 public:
  Drawer(const config::Site& site, const SimUsbOptions& options, World& world)
      : site_{site}, wanted_{parse_models(site, options.models)}, faults_{options.faults}, world_{world} {
    std::vector<std::string> names;
    for_each([&](const auto& folder, const auto& /*profile*/) { names.push_back(folder.filename().string()); });
    faults_.require_devices(names);
    if (!options.capture.empty()) capture_ = std::make_unique<sim::Capture>(options.capture);
  }

  template <class Bus>
  void plug_in_all(Bus& bus) {
    for_each([&](const auto& folder, const auto& profile) { bus.plug_in(take(folder, profile)); });
  }

 private:
  template <class Act>
  void for_each(const Act& act) const {
    for (const auto& [profile, count] : wanted_)
      for (std::uint64_t n = 1; n <= count; ++n) act(sim::place_on_shelf(site_, profile.model, n), profile);
  }

  std::unique_ptr<sim::UsbDevice> take(const std::filesystem::path& folder, const firmware::DeviceProfile& profile) {
    auto flash = sim::DeviceFlash::is_at(folder) ? sim::DeviceFlash::open(folder)
                                                 : sim::DeviceFlash::create(folder, profile, world_.rng);
    auto device = make(std::move(flash), profile, faults_.defects_of(folder));
    device = faults_.wrap(std::move(device), folder.filename().string(), [this](const sim::Fault& fault) {
      world_.err << "lamp-sim: " + fault.device + ": " + std::string{fault.name()} + '\n' << std::flush;
    });
    if (capture_) device = std::make_unique<sim::CapturedCable>(std::move(device), *capture_, ++address_);
    return device;
  }

  std::unique_ptr<sim::UsbDevice> make(sim::DeviceFlash flash, const firmware::DeviceProfile& profile,
                                       sim::DeviceDefects defects) {
    if (profile.adapter == firmware::AdapterKind::lamp_protocol)
      return std::make_unique<sim::UsbLamp>(sim::VirtualDevice{std::move(flash), world_.rng, std::move(defects)});
    if (defects.are_there())
      throw Error{Errc::bad_input,
                  "--fault: " + flash.name() + " does not speak lamp-provisioning(7); only its cable can be at fault"};
    if (profile.dfuse) return std::make_unique<sim::UsbDfusePart>(std::move(flash), *profile.dfuse, world_.rng);
    throw Error{Errc::not_found, "there is no virtual part for the adapter " +
                                     std::string{firmware::name_of(profile.adapter)} + " of model " + profile.model};
  }

  const config::Site& site_;
  std::vector<Wanted> wanted_;
  sim::FaultPlan faults_;
  std::unique_ptr<sim::Capture> capture_;
  std::uint8_t address_ = 1;  ///< the root hub's
  World& world_;
};

template <class Bus>
Exit run_on(Bus& bus, Drawer& drawer, sim::HeldSignals& signals, const std::vector<std::string>& command) {
  drawer.plug_in_all(bus);
  const int status = signals.run(command);
  bus.rethrow_failure();
  return static_cast<Exit>(status);
}

}  // namespace

void declare(Arguments& arguments, SimUsbOptions& options) {
  arguments.required("--model", options.models, "Plug in COUNT devices: MODEL=COUNT, repeatable");
  arguments.option("--fault", options.faults, "A fault to practise with: DEVICE=KIND@STEP, repeatable");
  arguments.option("--capture", options.capture, "Write what crosses the bus to a pcap file, for Wireshark");
  arguments.flag("--vhci", options.vhci,
                 "Plug into this machine's kernel (vhci-hcd; as root), not into umockdev's bus");
  arguments.rest(options.command, "Program that sees the devices, after --");
}

Exit sim_usb(const SimUsbOptions& options, World& world) {
  if (const auto wrong = misuse(options.models)) {
    world.err << "lamp-sim: error: " << *wrong << '\n';
    return Exit::usage;
  }
  const auto site = config::Site::find(world.site);
  Drawer drawer{site, options, world};
  if (!options.vhci && !sim::UsbBus::is_possible()) sim::restart_preloaded(sim::kPreloadLibrary);
  sim::prepare_environment();
  world.out.flush();

  sim::HeldSignals signals;
  if (options.vhci) {
    sim::VhciBus bus;
    return run_on(bus, drawer, signals, options.command);
  }
  sim::UsbBus bus;
  return run_on(bus, drawer, signals, options.command);
}

}  // namespace lamp::cli
