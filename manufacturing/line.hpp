// The line: every port's device in turn, until the order is complete or nothing more comes.
#pragma once

#include <chrono>

#include "lib/base/error.hpp"
#include "manufacturing/station_flow.hpp"

namespace lamp::manufacturing {

struct LineLimits {
  enum class Until { plugged_in_now, order_complete };
  Until until = Until::plugged_in_now;
  std::chrono::seconds patience{60};  ///< without any device to work on, before giving up
};

class LineWatcher : public Watcher {
 public:
  virtual void begun(const std::string& port) = 0;
  /// An Error with Errc::unavailable may be followed by another try on the same port.
  virtual void finished(const std::string& port, const Attempt<Outcome>& attempt) = 0;
  virtual void waiting(const OrderCount& count) = 0;
};

struct LineResult {
  OrderCount count;
  std::uint64_t good = 0, refused = 0, failed = 0;  ///< of this run's devices
};

/// Touches no device when the order is complete already. A device that fails does not stop the line; one that only did
/// not answer is tried three times. A port is free for the next device when it was seen empty.
[[nodiscard]] LineResult run_line(const Station& station, Bench& bench, LineWatcher& watcher, const LineLimits& limits);

}  // namespace lamp::manufacturing
