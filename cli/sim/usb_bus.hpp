// A USB bus that exists only for this process and its children: umockdev's fake /sys and /dev/bus/usb with our usbfs
// behind it. Any dynamically linked program with the real libusb finds the devices there.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "cli/sim/usb_device.hpp"

namespace lamp::sim {

/// What must be preloaded into whoever sees the bus.
inline constexpr const char* kPreloadLibrary = "libumockdev-preload.so.0";

/// How long things take that are not the devices' own work.
struct BusTimes {
  std::chrono::milliseconds restart{40};  ///< from leaving the bus to being back
  std::chrono::milliseconds swap{400};    ///< from a device's end to the next one's begin: a hand at the line
};

class UsbBus {
 public:
  /// Whether umockdev's library was preloaded into this process; without it there is no bus.
  [[nodiscard]] static bool is_possible() noexcept;

  /// Throws Error{unavailable} unless is_possible().
  explicit UsbBus(const BusTimes& times = {});
  UsbBus(const UsbBus&) = delete;
  UsbBus& operator=(const UsbBus&) = delete;
  ~UsbBus();

  /// Adds the device at the next port. When it leaves the bus to restart, it is power-cycled and comes back to the same
  /// port after BusTimes::restart. Throws Error{denied} when the bus is full.
  void plug_in(std::unique_ptr<UsbDevice> device);

  /// A device that is_finished() is pulled out, and what `next` gives is put into its port; when that is nothing, it
  /// stays. `next` is called from the bus's thread.
  void supply(std::function<std::unique_ptr<UsbDevice>()> next);

  struct Tally {
    std::uint64_t restarts = 0, swaps = 0;
  };
  [[nodiscard]] Tally tally();

  /// The first failure inside a device, such as a full disk under its flash; that device has left the bus.
  void rethrow_failure();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lamp::sim
