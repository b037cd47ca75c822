// The boot loader's side of USB DFU 1.1 (appendix A.2) with ST's extension (AN3156): requests in, states and memory
// operations out. Strict: what a real part stalls is stalled, so that a host that breaks the rules is found here.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "cli/sim/stm32_memory.hpp"
#include "cli/sim/usb_device.hpp"

namespace lamp::sim {

enum class DfuState : std::uint8_t {
  idle = 2,
  dnload_sync = 3,
  dnbusy = 4,
  dnload_idle = 5,
  manifest_sync = 6,
  manifest = 7,
  upload_idle = 9,
  error = 10,
};
enum class DfuStatus : std::uint8_t { ok = 0, target = 1, prog = 6, address = 8, vendor = 11, stalled_packet = 15 };

class DfuMachine {
 public:
  static constexpr std::uint16_t kTransferSize = 1024;
  explicit DfuMachine(Stm32Memory& memory) : memory_{memory} {}

  /// Class requests to the interface. Outcome::farewell when the part starts its application or resets.
  [[nodiscard]] Outcome control(const Setup& setup, Bytes& data);
  void reset();  ///< bus or power: back to idle, the address pointer to the start of flash
  /// Whether the last farewell was a leave request: the application runs; else the part has reset.
  [[nodiscard]] bool has_started_application() const noexcept { return started_; }

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] Outcome download(const Setup& setup, const Bytes& data);
  [[nodiscard]] Outcome upload(const Setup& setup, Bytes& data);
  [[nodiscard]] Outcome status(Bytes& data);
  [[nodiscard]] Outcome abort();
  [[nodiscard]] Outcome stall();
  void execute();
  [[nodiscard]] DfuStatus command();
  [[nodiscard]] DfuStatus write_block();
  [[nodiscard]] std::chrono::milliseconds duration() const;
  [[nodiscard]] Bytes report(DfuState state, std::chrono::milliseconds poll) const;

  Stm32Memory& memory_;
  DfuState state_ = DfuState::idle;
  DfuStatus status_ = DfuStatus::ok;
  std::uint32_t pointer_ = Stm32Memory::kFlash;
  std::uint16_t block_ = 0;  ///< of the download that waits for its GETSTATUS
  Bytes data_;
  Clock::time_point busy_until_{};
  bool started_ = false, resets_ = false;
};

}  // namespace lamp::sim
