// When a wave has shown enough: pure arithmetic, no database.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lamp::rollout {

struct Gate {
  std::uint64_t proven_percent = 100;  ///< of the wave's devices, shown to run the new version; rounded up
  std::uint64_t most_failures = 0;     ///< one more pauses the rollout
  std::chrono::seconds soak{0};        ///< from then on until the next wave begins
  bool operator==(const Gate&) const = default;
};

/// A wave's devices by state. A failure that an operator resumed over is forgiven: it counts neither against the wave
/// nor among the devices whose share must be proven.
struct WaveCounts {
  std::uint64_t waiting = 0, proceeding = 0, installed = 0, proven = 0, failed = 0, forgiven = 0;
  [[nodiscard]] std::uint64_t devices() const noexcept { return waiting + proceeding + installed + proven + failed; }
  [[nodiscard]] std::uint64_t open() const noexcept { return waiting + proceeding + installed; }
};

enum class GateAnswer { wait, pass, fail };

struct Judgement {
  GateAnswer answer = GateAnswer::wait;
  std::string why;  ///< for fail
};
/// A device that was not heard of counts neither way; only when nobody is left who could prove it does a share that was
/// not reached become a failure.
[[nodiscard]] Judgement judge(const Gate& gate, const WaveCounts& counts);

}  // namespace lamp::rollout
