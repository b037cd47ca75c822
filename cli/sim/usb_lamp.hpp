// A virtual device on the USB cable: frames of the provisioning protocol in bulk transfers.
#pragma once

#include "cli/sim/usb_device.hpp"
#include "cli/sim/virtual_device.hpp"

namespace lamp::sim {

class UsbLamp final : public UsbDevice {
 public:
  explicit UsbLamp(VirtualDevice device) : device_{std::move(device)} {}

  [[nodiscard]] UsbDescriptors descriptors() const override;
  [[nodiscard]] Outcome set_interface(std::uint8_t interface, std::uint8_t alternate) override;
  [[nodiscard]] Outcome control(const Setup& setup, Bytes& data) override;
  [[nodiscard]] Outcome bulk_out(ByteView data) override;
  [[nodiscard]] Outcome bulk_in(std::size_t most, Bytes& data) override;
  void power_cycle() override;
  void clear_halt(std::uint8_t endpoint) override;
  void bus_reset() override;
  [[nodiscard]] bool is_finished() const override { return proves_lock_ && output_.empty(); }

  [[nodiscard]] VirtualDevice& device() noexcept { return device_; }

 private:
  void take_frame();

  VirtualDevice device_;
  Bytes input_;               ///< the beginning of a frame
  Bytes output_;              ///< what the host has not read yet
  bool restarting_ = false;   ///< when output_ has been read
  bool proves_lock_ = false;  ///< the last answer does
};

}  // namespace lamp::sim
