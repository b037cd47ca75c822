// SIGTERM and SIGINT as a descriptor to wait for, in place of a handler.
#pragma once

#include <csignal>

namespace lamp::cli {

/// Made before any thread: the signals are blocked in all of them while it lives.
class StopSignal {
 public:
  /// Throws Error{unavailable}.
  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal();
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  sigset_t before_{};
  int descriptor_ = -1;
};

}  // namespace lamp::cli
