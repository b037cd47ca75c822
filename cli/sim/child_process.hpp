// Running a program under the virtual bus as if lamp-sim were not there.
#pragma once

#include <string>
#include <vector>

namespace lamp::sim {

/// Replaces this process by itself with `library` preloaded. Throws Error{unavailable} when that was done once already,
/// which means that the loader did not find the library.
[[noreturn]] void restart_preloaded(const char* library);

/// For the child: removes the traces of restart_preloaded, and puts the folder of this program in front of PATH, so
/// that the tools built or installed beside it are found.
void prepare_environment();

/// While this lives, signals that ask a program to end wait for Child::wait. Make it before any thread.
class HeldSignals {
 public:
  HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  ~HeldSignals();

  /// Starts `command` (found in PATH), hands on to it the signals that only this process got, and gives the exit status
  /// a shell would give: 128 and the signal's number when one ended it. Throws Error{not_found} when it cannot start.
  [[nodiscard]] int run(const std::vector<std::string>& command);
};

}  // namespace lamp::sim
