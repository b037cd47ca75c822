// One port of the virtual bus: the ioctls of usbfs (linux/usbdevice_fs.h) in front of a UsbDevice, as umockdev hands
// them over. Only the bus sees this header.
#pragma once

#include <linux/usbdevice_fs.h>
#include <umockdev.h>

#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "cli/sim/usb_device.hpp"

namespace lamp::sim {

struct IoctlDataUnref {
  void operator()(UMockdevIoctlData* data) const noexcept { umockdev_ioctl_data_unref(data); }
};
using IoctlData = std::unique_ptr<UMockdevIoctlData, IoctlDataUnref>;

/// Thread-safe: ioctls come from umockdev's thread, come_back() from the bus's.
class UsbPort {
 public:
  /// `on_leave` is called from the ioctl thread when the device has left the bus.
  UsbPort(UsbDevice& device, std::function<void()> on_leave) : device_{device}, on_leave_{std::move(on_leave)} {}

  /// Answers one ioctl; a failure inside the device makes it leave the bus, and is kept for rethrow_failure().
  void answer(UMockdevIoctlClient* client) noexcept;
  /// The program that had the node open is gone, and its transfers with it.
  void forget(UMockdevIoctlClient* client) noexcept;
  /// Power returns after the device left. Throws what the device throws when it cannot read its flash; it stays away
  /// then.
  void come_back();
  void rethrow_failure();

 private:
  /// What the kernel calls a URB: the caller's request with its buffer, both kept up to date in the caller's memory.
  struct Transfer {
    UMockdevIoctlClient* client;
    IoctlData request;
    IoctlData buffer;  ///< absent when no bytes move
  };
  using Transfers = std::list<Transfer>;
  struct Result {
    long value = 0;
    int error = 0;
  };

  [[nodiscard]] Result dispatch(UMockdevIoctlClient* client);
  [[nodiscard]] Result submit(UMockdevIoctlClient* client, UMockdevIoctlData* argument);
  [[nodiscard]] Result discard(UMockdevIoctlClient* client, UMockdevIoctlData* argument);
  [[nodiscard]] Result reap(UMockdevIoctlClient* client, UMockdevIoctlData* argument);
  [[nodiscard]] Result claim(UMockdevIoctlClient* client);
  [[nodiscard]] Result set_interface(const UMockdevIoctlData& argument);
  [[nodiscard]] Result clear_halt(const UMockdevIoctlData& argument);
  void run_pending();
  [[nodiscard]] Outcome run(Transfer& transfer, int& moved);
  [[nodiscard]] Outcome run_control(Transfer& transfer, int& moved);
  void finish(Transfers::iterator transfer, int status, int moved);
  void leave();

  UsbDevice& device_;
  std::function<void()> on_leave_;
  std::mutex mutex_;
  bool present_ = true;
  UMockdevIoctlClient* claimed_by_ = nullptr;
  Transfers pending_;
  Transfers finished_;
  std::exception_ptr failure_;
};

}  // namespace lamp::sim
