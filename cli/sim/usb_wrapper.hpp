// A device with something between it and the bus: everything is handed on but what a subclass changes.
#pragma once

#include <memory>

#include "cli/sim/usb_device.hpp"

namespace lamp::sim {

class UsbWrapper : public UsbDevice {
 public:
  explicit UsbWrapper(std::unique_ptr<UsbDevice> device) : device_{std::move(device)} {}

  [[nodiscard]] UsbDescriptors descriptors() const override { return device_->descriptors(); }
  [[nodiscard]] Outcome set_interface(std::uint8_t interface, std::uint8_t alternate) override {
    return device_->set_interface(interface, alternate);
  }
  [[nodiscard]] Outcome control(const Setup& setup, Bytes& data) override { return device_->control(setup, data); }
  [[nodiscard]] Outcome bulk_out(ByteView data) override { return device_->bulk_out(data); }
  [[nodiscard]] Outcome bulk_in(std::size_t most, Bytes& data) override { return device_->bulk_in(most, data); }
  void power_cycle() override { device_->power_cycle(); }
  void clear_halt(std::uint8_t endpoint) override { device_->clear_halt(endpoint); }
  void bus_reset() override { device_->bus_reset(); }
  [[nodiscard]] bool comes_back() const override { return device_->comes_back(); }
  [[nodiscard]] std::chrono::steady_clock::time_point busy_until() const override { return device_->busy_until(); }
  [[nodiscard]] bool is_finished() const override { return device_->is_finished(); }

 private:
  std::unique_ptr<UsbDevice> device_;
};

}  // namespace lamp::sim
