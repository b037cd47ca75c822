#include "manufacturing/line.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace lamp::manufacturing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kTries = 3;
constexpr milliseconds kPause{200};

/// One call at a time, and the serial number of the device of one port.
class PortWatcher final : public Watcher {
 public:
  PortWatcher(LineWatcher& watcher, std::mutex& telling) : watcher_{watcher}, telling_{telling} {}
  void step(const std::string& port, const std::string& serial, std::string_view step) override {
    const std::lock_guard lock{telling_};
    serial_ = serial;
    watcher_.step(port, serial, step);
  }
  [[nodiscard]] const std::string& serial() const noexcept { return serial_; }

 private:
  LineWatcher& watcher_;
  std::mutex& telling_;
  std::string serial_;
};

/// What a worker found out about the device in its port.
struct Attempted {
  std::string port, serial;
  std::uint64_t arrival = 0;
  Times times;
  bool failed_at_station = false;
  std::optional<Attempt<Outcome>> result;
  std::exception_ptr defect;  ///< a failure that is none of ours to report: the line ends with it
};

/// A port for as long as it is occupied or worked on. Each has a thread of its own while it is worked on.
struct Place {
  std::jthread worker;
  bool is_busy = false;
  int tries = 0;
  std::uint64_t arrival = 0;            ///< of the device that was tried last
  steady_clock::time_point not_before;  ///< of the next try
};

class Line {
 public:
  Line(const Station& station, Bench& bench, LineWatcher& watcher, const LineLimits& limits,
       const std::stop_token& stop)
      : station_{station}, bench_{bench}, watcher_{watcher}, limits_{limits}, stop_{stop} {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  /// Also when the line ends by an exception: what is at an irreversible step is finished.
  ~Line() {
    leave_.request_stop();
    places_.clear();  // joins
  }

  LineResult run() {
    const std::stop_callback on_stop{stop_, [this] {
                                       leave_.request_stop();
                                       bench_.wake();
                                     }};
    milliseconds idle{0};
    result_.count = counted();
    for (;;) {
      const auto seen = bench_.changes();
      collect();
      if (!is_over()) look();
      tell([&] { watcher_.moment(result_); });
      if (busy_ == 0 && (is_over() || gives_up(idle))) break;
      if (is_at_rest() && idle.count() == 0) tell([&] { watcher_.waiting(result_.count); });
      const auto waited = bench_.wait_for_change(seen, kPause);
      idle = is_at_rest() ? idle + waited : milliseconds{0};
    }
    if (station_failure_) rethrow(*station_failure_);
    for (const auto& [whose, reason] : unfinished_) count_failure(reason);
    return result_;
  }

 private:
  template <class News>
  void tell(News&& news) {
    const std::lock_guard lock{telling_};
    std::forward<News>(news)();
  }

  [[nodiscard]] OrderCount counted() const {
    return station_.database.read([&](store::Transaction& t) { return count(t, station_.order); });
  }

  [[nodiscard]] bool is_over() {
    if (stop_.stop_requested() && !std::exchange(result_.stopped, true)) tell([&] { watcher_.stopping(); });
    return result_.stopped || station_failure_ || result_.count.complete();
  }
  [[nodiscard]] bool is_at_rest() const { return busy_ == 0 && !is_to_be_tried(); }
  [[nodiscard]] bool is_to_be_tried() const {
    return std::any_of(places_.begin(), places_.end(), [](const auto& entry) { return entry.second.tries < kTries; });
  }
  [[nodiscard]] bool gives_up(milliseconds idle) const {
    if (!is_at_rest()) return false;
    return limits_.until == LineLimits::Until::plugged_in_now || idle >= limits_.patience;
  }

  /// Takes note of what was plugged in or pulled out, and begins where it can: first where nothing was tried yet.
  void look() {
    const auto ports = bench_.occupied_ports();
    std::erase_if(places_, [&](const auto& entry) {
      const auto& [port, place] = entry;
      if (place.is_busy || std::find(ports.begin(), ports.end(), port) != ports.end()) return false;
      tell([&] { watcher_.emptied(port); });
      return true;
    });
    std::vector<std::pair<int, std::string>> waiting;
    for (const auto& port : ports) {
      auto& place = places_[port];
      if (place.is_busy) continue;
      if (place.tries > 0 && bench_.arrival(port) != place.arrival) place = Place{};
      if (place.tries < kTries && place.not_before <= steady_clock::now()) waiting.emplace_back(place.tries, port);
    }
    std::sort(waiting.begin(), waiting.end());
    for (const auto& [tries, port] : waiting)
      if (busy_ < limits_.ports) begin(port);
  }

  void begin(const std::string& port) {
    auto& place = places_.at(port);
    if (!began_) began_ = steady_clock::now();
    ++place.tries;
    place.is_busy = true;
    ++busy_;
    tell([&] { watcher_.begun(port); });
    place.worker = std::jthread{[this, port] { work(port); }};
  }

  /// In the port's own thread, which nothing may leave.
  void work(const std::string& port) noexcept {
    Attempted attempted;
    attempted.port = port;
    try {
      PortWatcher watcher{watcher_, telling_};
      StationFlow flow{station_, bench_, watcher, leave_.get_token()};
      attempted.result = attempt([&] { return flow.run(port); });
      attempted.serial = watcher.serial();
      attempted.arrival = flow.arrival();
      attempted.times = flow.times();
      attempted.failed_at_station = flow.failed_at_station();
    } catch (...) {
      attempted.defect = std::current_exception();
    }
    {
      const std::lock_guard lock{ending_};
      ended_.push_back(std::move(attempted));
    }
    bench_.wake();
  }

  void collect() {
    std::vector<Attempted> ended;
    {
      const std::lock_guard lock{ending_};
      ended.swap(ended_);
    }
    for (auto& attempted : ended) {
      auto& place = places_.at(attempted.port);
      place.worker.join();
      place.is_busy = false;
      place.arrival = attempted.arrival;
      --busy_;
      if (attempted.defect) std::rethrow_exception(attempted.defect);
      judge(attempted, place);
    }
    if (ended.empty()) return;
    result_.time = steady_clock::now() - *began_;
    result_.count = counted();
  }

  void judge(const Attempted& attempted, Place& place) {
    const auto& done = *attempted.result;
    tell([&] { watcher_.finished(attempted.port, done, attempted.times); });
    forget_failure(attempted);
    if (const auto* outcome = std::get_if<Outcome>(&done)) {
      ++count_of(outcome->result);
      place.tries = kTries;
      return;
    }
    const auto code = std::get<Error>(done).code();
    if (code == Errc::unavailable && attempted.failed_at_station) {
      end_with(std::get<Error>(done));
      return;
    }
    const std::string reason{reason_of_failure(code)};
    if (code != Errc::unavailable || place.tries >= kTries) {
      place.tries = kTries;
      count_failure(reason);
      return;
    }
    unfinished_[attempted.serial.empty() ? attempted.port : attempted.serial] = reason;
    place.not_before = steady_clock::now() + kPause;
  }

  /// Without its journal or its token the station makes nothing: no device is to blame, and no other is begun.
  void end_with(const Error& failure) {
    if (!station_failure_) station_failure_ = failure;
    leave_.request_stop();
  }

  /// This device's own, and one of the same port that was never known by its serial number: most likely the same one.
  void forget_failure(const Attempted& attempted) {
    unfinished_.erase(attempted.port);
    unfinished_.erase(attempted.serial);
  }

  std::uint64_t& count_of(Outcome::Result outcome) {
    switch (outcome) {
      case Outcome::Result::good: return result_.good;
      case Outcome::Result::refused: return result_.refused;
      case Outcome::Result::stopped: break;
    }
    return result_.left;
  }

  void count_failure(const std::string& reason) {
    ++result_.failed;
    ++result_.reasons[reason];
  }

  const Station& station_;
  Bench& bench_;
  LineWatcher& watcher_;
  const LineLimits& limits_;
  const std::stop_token& stop_;
  std::stop_source leave_;
  LineResult result_;
  std::optional<Error> station_failure_;
  std::optional<steady_clock::time_point> began_;
  std::map<std::string, std::string> unfinished_;  ///< devices that were to be tried again: why they had failed
  std::size_t busy_ = 0;
  std::mutex telling_, ending_;
  std::vector<Attempted> ended_;
  std::map<std::string, Place> places_;
};

}  // namespace

std::string_view reason_of_failure(Errc code) noexcept {
  switch (code) {
    case Errc::unavailable: return "no answer";
    case Errc::denied: return "contradiction";
    case Errc::bad_input: return "malformed answer";
    default: return "station";
  }
}

double LineResult::per_minute() const noexcept {
  const auto minutes = std::chrono::duration<double, std::ratio<60>>{time}.count();
  return minutes > 0 ? static_cast<double>(good) / minutes : 0;
}

double LineResult::yield() const noexcept {
  const auto tried = good + failed;
  return tried == 0 ? 1 : static_cast<double>(good) / static_cast<double>(tried);
}

LineResult run_line(const Station& station, Bench& bench, LineWatcher& watcher, const LineLimits& limits,
                    const std::stop_token& stop) {
  return Line{station, bench, watcher, limits, stop}.run();
}

}  // namespace lamp::manufacturing
