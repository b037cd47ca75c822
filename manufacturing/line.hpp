// The line: the devices of all ports at once, until the order is complete or nothing more comes.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>

#include "lib/base/error.hpp"
#include "manufacturing/station_flow.hpp"

namespace lamp::manufacturing {

inline constexpr std::size_t kMostPorts = 64;

struct LineLimits {
  enum class Until { plugged_in_now, order_complete };
  Until until = Until::plugged_in_now;
  std::chrono::seconds patience{60};  ///< without any device to work on, before giving up
  std::size_t ports = 16;             ///< devices at once
};

/// In words that are the same for every device: what an operator can do about it is in lamp-factory(1), DIAGNOSTICS.
[[nodiscard]] std::string_view reason_of_failure(Errc code) noexcept;

/// Of a run so far.
struct LineResult {
  OrderCount count;
  std::uint64_t good = 0, refused = 0, failed = 0;            ///< of this run's devices
  std::uint64_t left = 0;                                     ///< between two steps, because the line was to stop
  std::map<std::string, std::uint64_t, std::less<>> reasons;  ///< of the failed
  std::chrono::steady_clock::duration time{};                 ///< from the first device's begin to the last one's end
  bool stopped = false;                                       ///< by request
  [[nodiscard]] double per_minute() const noexcept;
  /// Of the devices that are of this order, how many became good; 1 while there are none.
  [[nodiscard]] double yield() const noexcept;
};

/// Called by one thread at a time, though not always the same.
class LineWatcher : public Watcher {
 public:
  virtual void begun(const std::string& port) = 0;
  /// An Error with Errc::unavailable may be followed by another try on the same port.
  virtual void finished(const std::string& port, const Attempt<Outcome>& attempt, const Times& times) = 0;
  virtual void emptied(const std::string& /*port*/) {}
  virtual void waiting(const OrderCount& count) = 0;
  virtual void stopping() {}
  /// Several times a second, and after everything else: for a display.
  virtual void moment(const LineResult& /*so_far*/) {}
};

/// Touches no device when the order is complete already. Each port is worked on by itself: a device that fails, does
/// not answer or is pulled out holds up no other. One that only did not answer is tried three times; it has failed when
/// it is not seen again. A port is free for the next device when it was seen empty or something else was plugged in.
/// When `stop` is requested no other device is begun; those whose lock was begun are finished, the others are left
/// between two steps. Throws what the bench throws, and what the station's journal or token failed with, after it has
/// stopped in the same way.
[[nodiscard]] LineResult run_line(const Station& station, Bench& bench, LineWatcher& watcher, const LineLimits& limits,
                                  const std::stop_token& stop = {});

}  // namespace lamp::manufacturing
