// A USB bus that exists only for this process and its children: umockdev's fake /sys and /dev/bus/usb with our usbfs
// behind it. Any dynamically linked program with the real libusb finds the devices there.
#pragma once

#include <memory>

#include "cli/sim/usb_device.hpp"

namespace lamp::sim {

/// What must be preloaded into whoever sees the bus.
inline constexpr const char* kPreloadLibrary = "libumockdev-preload.so.0";

class UsbBus {
 public:
  /// Whether umockdev's library was preloaded into this process; without it there is no bus.
  [[nodiscard]] static bool is_possible() noexcept;

  /// Throws Error{unavailable} unless is_possible().
  UsbBus();
  UsbBus(const UsbBus&) = delete;
  UsbBus& operator=(const UsbBus&) = delete;
  ~UsbBus();

  /// Adds the device at the next port. When it leaves the bus to restart, it is power-cycled and comes back to the same
  /// port a moment later. Throws Error{denied} when the bus is full.
  void plug_in(std::unique_ptr<UsbDevice> device);

  /// The first failure inside a device, such as a full disk under its flash; that device has left the bus.
  void rethrow_failure();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lamp::sim
