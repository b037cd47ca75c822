#include "manufacturing/line.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace lamp::manufacturing {
namespace {

constexpr int kTries = 3;
constexpr std::chrono::milliseconds kPause{200};

class Line {
 public:
  Line(const Station& station, Bench& bench, LineWatcher& watcher)
      : station_{station}, bench_{bench}, watcher_{watcher}, flow_{station, bench, watcher} {}

  [[nodiscard]] OrderCount counted() const {
    return station_.database.read([&](store::Transaction& t) { return count(t, station_.order); });
  }

  /// Gives whether there was anything to do.
  bool pass() {
    const auto ports = bench_.occupied_ports();
    std::erase_if(tries_,
                  [&](const auto& entry) { return std::find(ports.begin(), ports.end(), entry.first) == ports.end(); });
    bool worked = false;
    for (const auto& port : ports) {
      auto& tries = tries_[port];
      if (tries >= kTries) continue;
      worked = true;
      ++tries;
      if (!work(port, tries == kTries)) tries = kTries;
    }
    return worked;
  }

  /// A device that failed and was not seen again failed for good.
  void end() { result.failed += unfinished_.size(); }

  LineResult result;

 private:
  /// Gives whether another try may help.
  bool work(const std::string& port, bool last_try) {
    watcher_.begun(port);
    const auto done = attempt([&] { return flow_.run(port); });
    watcher_.finished(port, done);
    unfinished_.erase(port);
    if (const auto* outcome = std::get_if<Outcome>(&done)) {
      ++(outcome->result == Outcome::Result::good ? result.good : result.refused);
      return false;
    }
    const bool again = std::get<Error>(done).code() == Errc::unavailable && !last_try;
    if (again)
      unfinished_.insert(port);
    else
      ++result.failed;
    return again;
  }

  const Station& station_;
  Bench& bench_;
  LineWatcher& watcher_;
  StationFlow flow_;
  std::map<std::string, int> tries_;  ///< by port, for as long as it is occupied
  std::set<std::string> unfinished_;  ///< ports whose device was to be tried again
};

}  // namespace

LineResult run_line(const Station& station, Bench& bench, LineWatcher& watcher, const LineLimits& limits) {
  Line line{station, bench, watcher};
  line.result.count = line.counted();
  std::chrono::milliseconds idle{0};
  while (!line.result.count.complete()) {
    const bool worked = line.pass();
    line.result.count = line.counted();
    if (worked) {
      idle = {};
      continue;
    }
    if (limits.until == LineLimits::Until::plugged_in_now || idle >= limits.patience) break;
    if (idle.count() == 0) watcher.waiting(line.result.count);
    bench.wait(kPause);
    idle += kPause;
  }
  line.end();
  return line.result;
}

}  // namespace lamp::manufacturing
