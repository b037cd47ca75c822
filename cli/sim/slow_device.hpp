// A device that takes its time, as silicon does: to make a key, to write flash, to sign.
#pragma once

#include <atomic>
#include <cstdint>

#include "cli/sim/frame_watch.hpp"
#include "cli/sim/usb_wrapper.hpp"

namespace lamp::sim {

/// Speakers of lamp-provisioning(7): what answers generate, install, prove and lock comes that much later. Other
/// devices say themselves how long they take.
class SlowDevice final : public UsbWrapper {
 public:
  using Duration = std::chrono::milliseconds;
  /// `worked` counts the steps that took time; it must outlive the device.
  SlowDevice(std::unique_ptr<UsbDevice> device, Duration step, std::atomic<std::uint64_t>& worked)
      : UsbWrapper{std::move(device)}, step_{step}, worked_{worked} {}

  [[nodiscard]] Outcome bulk_out(ByteView data) override;
  [[nodiscard]] Outcome bulk_in(std::size_t most, Bytes& data) override;
  void power_cycle() override;
  void clear_halt(std::uint8_t endpoint) override;
  void bus_reset() override;
  [[nodiscard]] std::chrono::steady_clock::time_point busy_until() const override;

 private:
  Duration step_;
  std::atomic<std::uint64_t>& worked_;
  FrameWatch frames_;
  std::chrono::steady_clock::time_point until_{};
};

}  // namespace lamp::sim
