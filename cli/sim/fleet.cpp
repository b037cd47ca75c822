#include "cli/sim/fleet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "cli/sim/fleet_device.hpp"
#include "cli/sim/shelf.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {

namespace {

using Poll = sim::FleetDevice::Poll;

/// Polls without an answer after which a device counts as cut off.
constexpr std::uint64_t kPatience = 5;
/// Quiet polls that make sure of the end when every device of an updated model runs the same version.
constexpr std::uint64_t kSettled = 3;

struct Member {
  explicit Member(sim::FleetDevice powered) : device{std::move(powered)} {}
  sim::FleetDevice device;
  bool refused = false;          ///< an update by the device, or the device by the service
  std::uint64_t unanswered = 0;  ///< polls in a row
  std::string trouble;           ///< of the last of them
  [[nodiscard]] bool cut_off() const noexcept { return unanswered >= kPatience; }
};

class Fleet {
 public:
  explicit Fleet(World& world) : world_{world} {}

  void add(const std::filesystem::path& folder, const std::shared_ptr<Botan::RandomNumberGenerator>& rng) {
    members_.emplace_back(sim::FleetDevice{folder, rng});
  }
  [[nodiscard]] bool empty() const noexcept { return members_.empty(); }

  void poll_all() {
    ++quiet_rounds_;
    for (auto& member : members_) poll(member);
  }

  /// Nothing was offered for `quiet` rounds; sooner when everybody whose model was updated runs one version.
  [[nodiscard]] bool is_done(std::uint64_t quiet) const {
    const bool all_cut_off = std::all_of(members_.begin(), members_.end(), [](const auto& m) { return m.cut_off(); });
    return all_cut_off || quiet_rounds_ >= quiet || (quiet_rounds_ >= kSettled && is_settled());
  }

  [[nodiscard]] Exit verdict() const {
    const auto any = [this](auto what) { return std::any_of(members_.begin(), members_.end(), what); };
    if (any([](const Member& m) { return m.cut_off(); })) return Exit::failed;
    return any([](const Member& m) { return m.refused; }) ? Exit::refused : Exit::ok;
  }

  void print() const {
    constexpr const char* line = "{:<16} {:<14} {:<9} {}\n";
    world_.out << fmt::format(line, "DEVICE", "SERIAL", "VERSION", "RESULT");
    for (const auto& m : members_)
      world_.out << fmt::format(line, m.device.name(), m.device.serial(), m.device.version(), result_of(m));
  }

  void print_json() const {
    auto all = nlohmann::json::array();
    for (const auto& m : members_)
      all.push_back({{"device", m.device.name()},
                     {"serial", m.device.serial()},
                     {"version", m.device.version()},
                     {"result", result_of(m)}});
    world_.out << all.dump(2) << '\n';
  }

 private:
  void poll(Member& member) {
    const auto polled = attempt([&] { return member.device.poll(); });
    if (const auto* error = std::get_if<Error>(&polled)) return note_trouble(member, *error);
    member.unanswered = 0;
    member.trouble.clear();
    const auto what = std::get<Poll>(polled);
    if (what == Poll::quiet) return;
    quiet_rounds_ = 0;
    member.refused = what == Poll::refused;
    updated_models_[member.device.model()] = true;
    world_.err << "lamp-sim: " << member.device.name() << ": " << member.device.result() << std::endl;
  }

  void note_trouble(Member& member, const Error& error) {
    member.refused = error.code() == Errc::denied;
    if (member.refused)
      member.unanswered = 0;
    else
      ++member.unanswered;
    if (member.trouble == error.what()) return;  // say it once
    member.trouble = error.what();
    world_.err << "lamp-sim: " << member.device.name() << ": " << member.trouble << std::endl;
  }

  [[nodiscard]] bool is_settled() const {
    std::map<std::string, std::string> versions;
    for (const auto& m : members_) {
      if (updated_models_.count(m.device.model()) == 0) continue;
      const auto [entry, first] = versions.emplace(m.device.model(), m.device.version());
      if (!first && entry->second != m.device.version()) return false;
    }
    return !versions.empty();
  }

  static std::string result_of(const Member& m) {
    if (!m.trouble.empty()) return m.trouble;
    return m.device.result().empty() ? "nothing offered" : m.device.result();
  }

  World& world_;
  std::vector<Member> members_;
  std::map<std::string, bool> updated_models_;
  std::uint64_t quiet_rounds_ = 0;
};

void switch_on(Fleet& fleet, const config::Site& site, World& world) {
  // The world's generator outlives every connection: a shared pointer that owns nothing.
  const std::shared_ptr<Botan::RandomNumberGenerator> rng{std::shared_ptr<void>{}, &world.rng};
  for (const auto& folder : sim::everything_on_shelf(site))
    if (!sim::DeviceFlash::peek(folder).credential_block.empty()) fleet.add(folder, rng);
  if (fleet.empty())
    throw Error{Errc::not_found, "no provisioned device in " + (site.root / "sim").string() +
                                     "; 'lamp-sim usb ... -- lamp-factory run ...' makes some"};
}

}  // namespace

void declare(Arguments& arguments, SimFleetOptions& options) {
  arguments.flag("--until-done", options.until_done, "End when nothing is offered any more");
  arguments.option("--poll", options.poll, "Seconds between two polls of a device");
  arguments.option("--quiet", options.quiet, "Polls without an offer that count as done");
  arguments.option("--timeout", options.timeout, "Seconds after which --until-done gives up");
  arguments.flag("--json", options.json, "Print the result as JSON");
}

Exit sim_fleet(const SimFleetOptions& options, World& world) {
  const auto site = config::Site::find(world.site);
  Fleet fleet{world};
  switch_on(fleet, site, world);
  const auto deadline = world.clock.now() + std::chrono::seconds{options.timeout};
  for (;;) {
    fleet.poll_all();
    if (options.until_done && fleet.is_done(options.quiet)) break;
    if (options.until_done && world.clock.now() >= deadline)
      throw Error{Errc::unavailable, fmt::format("updates are still offered after {} s", options.timeout)};
    std::this_thread::sleep_for(std::chrono::seconds{options.poll});
  }
  if (options.json)
    fleet.print_json();
  else
    fleet.print();
  return fleet.verdict();
}

}  // namespace lamp::cli
