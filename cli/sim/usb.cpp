#include "cli/sim/usb.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <optional>
#include <ostream>
#include <set>

#include "cli/sim/capture.hpp"
#include "cli/sim/child_process.hpp"
#include "cli/sim/fault_plan.hpp"
#include "cli/sim/shelf.hpp"
#include "cli/sim/slow_device.hpp"
#include "cli/sim/usb_bus.hpp"
#include "cli/sim/usb_dfuse.hpp"
#include "cli/sim/usb_lamp.hpp"
#include "cli/sim/vhci_bus.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/firmware/device_profile.hpp"

namespace lamp::cli {

namespace {

constexpr std::uint64_t kMostOfOneModel = 1000, kMostMilliseconds = 60'000;

struct Wanted {
  firmware::DeviceProfile profile;
  std::uint64_t count;
};

/// What is wrong with the command line itself.
std::optional<std::string> misuse(const SimUsbOptions& options) {
  if (options.vhci && options.ports != 0) return "--ports is for umockdev's bus, not for --vhci";
  for (const auto time : {options.step_time, options.restart_time, options.swap_time})
    if (time > kMostMilliseconds) return "times are milliseconds, at most " + std::to_string(kMostMilliseconds);
  std::set<std::string_view> seen;
  for (const auto& text : options.models) {
    const auto parts = split(text, '=');
    if (parts.size() != 2) return "--model " + text + ": write MODEL=COUNT";
    if (!seen.insert(parts[0]).second) return "--model " + std::string{parts[0]} + " is given twice";
  }
  for (const auto& text : options.faults) {
    const auto parsed = attempt([&] { return sim::Fault::parse(text); });
    if (const auto* wrong = std::get_if<Error>(&parsed)) return wrong->what();
  }
  return std::nullopt;
}

std::vector<Wanted> parse_models(const config::Site& site, const std::vector<std::string>& texts) {
  std::vector<Wanted> wanted;
  for (const auto& text : texts) {
    const auto parts = split(text, '=');
    const std::string model{parts[0]};
    wanted.push_back({firmware::device_profile(site, model),
                      option_value("--model", [&] { return parse_number(parts[1], model, 0, kMostOfOneModel); })});
  }
  return wanted;
}

/// Where the devices of one run come from, with what is between them and the bus.
class Drawer {
 public:
  Drawer(const config::Site& site, const SimUsbOptions& options, World& world)
      : site_{site}, faults_{options.faults}, step_time_{options.step_time}, ports_{options.ports}, world_{world} {
    std::vector<std::string> names;
    for (const auto& [profile, count] : parse_models(site, options.models))
      for (std::uint64_t n = 1; n <= count; ++n) {
        waiting_.push_back({sim::place_on_shelf(site_, profile.model, n), profile});
        names.push_back(waiting_.back().folder.filename().string());
      }
    faults_.require_devices(names);
    if (!options.capture.empty()) capture_ = std::make_unique<sim::Capture>(options.capture);
  }

  template <class Bus>
  void plug_in_all(Bus& bus) {
    make_those_that_are_not_there();
    const auto ports = ports_ == 0 ? waiting_.size() : std::min<std::size_t>(ports_, waiting_.size());
    for (std::size_t port = 0; port < ports; ++port) bus.plug_in(take_next());
  }

  /// The next device, made for its port; nothing when all have had their turn.
  std::unique_ptr<sim::UsbDevice> take_next() {
    if (waiting_.empty()) return nullptr;
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    return take(next.folder, next.profile);
  }

  /// Steps of the devices that took --step-time.
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  [[nodiscard]] std::chrono::milliseconds step_time() const noexcept { return step_time_; }

 private:
  struct Waiting {
    std::filesystem::path folder;
    firmware::DeviceProfile profile;
  };

  /// Before the line begins: it takes longer than to plug one in.
  void make_those_that_are_not_there() const {
    for (const auto& [folder, profile] : waiting_)
      if (!sim::DeviceFlash::is_at(folder)) (void)sim::DeviceFlash::create(folder, profile, world_.rng);
  }

  std::unique_ptr<sim::UsbDevice> take(const std::filesystem::path& folder, const firmware::DeviceProfile& profile) {
    auto device = make(sim::DeviceFlash::open(folder), profile, faults_.defects_of(folder));
    if (step_time_.count() != 0) device = std::make_unique<sim::SlowDevice>(std::move(device), step_time_, steps_);
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
  sim::FaultPlan faults_;
  std::chrono::milliseconds step_time_;
  std::size_t ports_;
  std::deque<Waiting> waiting_;
  std::unique_ptr<sim::Capture> capture_;
  std::atomic<std::uint64_t> steps_{0};
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

/// What no station could have made shorter.
void tell_own_time(const Drawer& drawer, const sim::UsbBus::Tally& tally, const sim::BusTimes& times, World& world) {
  const auto own = drawer.steps() * static_cast<std::uint64_t>(drawer.step_time().count()) +
                   tally.restarts * static_cast<std::uint64_t>(times.restart.count()) +
                   tally.swaps * static_cast<std::uint64_t>(times.swap.count());
  fmt::print(world.err, "lamp-sim: {} steps of {} ms, {} restarts of {} ms, {} swaps of {} ms: {} ms\n", drawer.steps(),
             drawer.step_time().count(), tally.restarts, times.restart.count(), tally.swaps, times.swap.count(), own);
}

}  // namespace

void declare(Arguments& arguments, SimUsbOptions& options) {
  arguments.required("--model", options.models, "Plug in COUNT devices: MODEL=COUNT, repeatable");
  arguments.option("--fault", options.faults, "A fault to practise with: DEVICE=KIND@STEP, repeatable");
  arguments.option("--capture", options.capture, "Write what crosses the bus to a pcap file, for Wireshark");
  arguments.flag("--vhci", options.vhci,
                 "Plug into this machine's kernel (vhci-hcd; as root), not into umockdev's bus");
  arguments.option("--ports", options.ports, "Plug into N ports only; whoever is done makes room for the next");
  arguments.option("--step-time", options.step_time, "Milliseconds that a device takes to make a key, write or sign");
  arguments.option("--restart-time", options.restart_time, "Milliseconds that a device is away when it restarts");
  arguments.option("--swap-time", options.swap_time, "With --ports: milliseconds from one device to the next");
  arguments.rest(options.command, "Program that sees the devices, after --");
}

Exit sim_usb(const SimUsbOptions& options, World& world) {
  if (const auto wrong = misuse(options)) throw UsageError{*wrong};
  const auto site = config::Site::find(world.site);
  Drawer drawer{site, options, world};
  if (!options.vhci && !sim::UsbBus::is_possible()) sim::restart_preloaded(sim::kPreloadLibrary);
  sim::prepare_environment();
  world.out.flush();

  sim::HeldSignals signals;
  const sim::BusTimes times{std::chrono::milliseconds{options.restart_time},
                            std::chrono::milliseconds{options.swap_time}};
  if (options.vhci) {
    sim::VhciBus bus{times.restart};
    return run_on(bus, drawer, signals, options.command);
  }
  sim::UsbBus bus{times};
  if (options.ports != 0) bus.supply([&drawer] { return drawer.take_next(); });
  const auto exit = run_on(bus, drawer, signals, options.command);
  if (options.step_time != 0) tell_own_time(drawer, bus.tally(), times, world);
  return exit;
}

}  // namespace lamp::cli
