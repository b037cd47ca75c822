// Virtual devices on the kernel's own USB bus, through its virtual host controller and USB/IP: every program of the
// host sees them, with the real hub driver, enumeration and usbfs in between.
#pragma once

#include <chrono>
#include <memory>

#include "cli/sim/usb_device.hpp"
#include "cli/sim/vhci_controller.hpp"

namespace lamp::sim {

class VhciBus {
 public:
  /// restart: how long a device is away when it restarts. A hub that is busy does not notice a short absence.
  explicit VhciBus(std::chrono::milliseconds restart = std::chrono::milliseconds{40},
                   VhciController controller = VhciController{});
  VhciBus(const VhciBus&) = delete;
  VhciBus& operator=(const VhciBus&) = delete;
  /// Pulls all devices out.
  ~VhciBus();

  /// Plugs the device in and waits until the kernel has chosen its configuration. When it leaves the bus to restart, it
  /// is power-cycled and comes back to the same port. Throws Error{unavailable} when no port is free or the kernel does
  /// not enumerate it.
  void plug_in(std::unique_ptr<UsbDevice> device);

  /// The first failure inside a device; that device has left the bus.
  void rethrow_failure();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lamp::sim
