#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <stop_token>
#include <thread>

#include "cli/factory/report.hpp"
#include "cli/factory/station_setup.hpp"
#include "cli/factory/tool.hpp"
#include "cli/stop_signal.hpp"
#include "cli/usage.hpp"
#include "lib/base/file.hpp"
#include "manufacturing/usb.hpp"

namespace lamp::cli {
namespace {

using namespace manufacturing;

constexpr std::uint64_t kMaxPatience = 86'400;

struct RunOptions {
  std::string order, station;
  bool until_done = false, json = false;
  std::uint64_t wait = 60, ports = LineLimits{}.ports;
};

void declare(Arguments& a, RunOptions& o) {
  a.required("--order", o.order, "Order file, lamp-order(5)");
  a.flag("--until-done", o.until_done, "Go on with whatever is plugged in until the order is complete");
  a.option("--wait", o.wait, "With --until-done: seconds without a device before giving up");
  a.option("--ports", o.ports, "Devices at once, each in a port of its own");
  a.option("--station", o.station, "This station; as the order says when it is not given");
  a.flag("--json", o.json, "Print one JSON object for each event");
}

/// One run of a station at a time; a second one waits for its turn.
FileLock station_lock(const config::Site& site, const std::string& station) {
  const auto folder = site.root / "run";
  guarded(Errc::unavailable, [&] { std::filesystem::create_directories(folder); });
  return FileLock{folder / ("factory-" + station + ".lock")};
}

/// Ctrl-C asks the line to stop. The second one ends the process at once, which the journal survives as it does a power
/// cut.
class StopByHand {
 public:
  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

 private:
  void listen(const std::stop_token& end) {
    constexpr int pause = 20;  // milliseconds: the end waits for it
    while (!end.stop_requested()) {
      pollfd wanted{signal_.descriptor(), POLLIN, 0};
      signalfd_siginfo came{};
      if (::poll(&wanted, 1, pause) <= 0 || ::read(wanted.fd, &came, sizeof came) <= 0) continue;
      if (!stop_.request_stop()) end_now(static_cast<int>(came.ssi_signo));
    }
  }
  static void end_now(int number) {
    std::signal(number, SIG_DFL);
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, number);
    ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
    ::raise(number);
  }

  StopSignal signal_;
  std::stop_source stop_;
  std::jthread listener_{[this](const std::stop_token& end) { listen(end); }};
};

Exit work(StationSetup& setup, const RunOptions& options, World& world) {
  const StopByHand by_hand;
  const auto station = setup.station();
  const auto bench = usb_bench();
  const auto report = make_report(options.json ? ReportForm::json : ReportForm::text, setup.order().id, world);
  const LineLimits limits{options.until_done ? LineLimits::Until::order_complete : LineLimits::Until::plugged_in_now,
                          std::chrono::seconds{options.wait}, options.ports};
  const auto result = run_line(station, *bench, *report, limits, by_hand.token());
  report->total(setup.order().id, result);
  if (result.count.complete()) return Exit::ok;
  if (result.stopped) {
    world.err << "lamp-factory: stopped; the same command goes on where it was\n";
    return Exit::failed;
  }
  if (result.good + result.refused + result.failed == 0)
    throw Error{Errc::unavailable, "no device on any USB port; plug one in, and look whether 'lsusb' shows it"};
  if (!options.until_done && result.refused + result.failed == 0) return Exit::ok;
  return result.failed == 0 && result.good == 0 ? Exit::refused : Exit::failed;
}

Exit run_station(const RunOptions& options, World& world) {
  if (options.wait > kMaxPatience) throw UsageError{fmt::format("--wait: at most {} seconds", kMaxPatience)};
  if (options.ports == 0 || options.ports > kMostPorts) throw UsageError{fmt::format("--ports: 1 to {}", kMostPorts)};
  Host host{world};
  StationSetup setup{host, Order::load(options.order), options.station};
  const auto verdict = setup.judge();
  for (const auto& objection : verdict.objections) world.err << "lamp-factory: refused: " << objection << '\n';
  if (!verdict.acceptable()) return Exit::refused;
  const auto lock = station_lock(host.site(), setup.order().station);
  setup.open();
  const auto exit = work(setup, options, world);
  host.finish();
  return exit;
}

}  // namespace

void add_run(Tool& tool) {
  tool.verb<RunOptions>("run", "Work on an order: make, lock and prove every device that is plugged in", declare,
                        run_station);
}

}  // namespace lamp::cli
