// One port of the virtual bus: the ioctls of usbfs (linux/usbdevice_fs.h) in front of a UsbDevice, as umockdev hands
// them over. Only the bus sees this header.
#pragma once

#include <linux/usbdevice_fs.h>
#include <umockdev.h>

#include <condition_variable>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

#include "cli/sim/doorbell.hpp"
#include "cli/sim/usb_device.hpp"

namespace lamp::sim {

struct IoctlDataUnref {
  void operator()(UMockdevIoctlData* data) const noexcept { umockdev_ioctl_data_unref(data); }
};
using IoctlData = std::unique_ptr<UMockdevIoctlData, IoctlDataUnref>;

/// Thread-safe: ioctls come from umockdev's one thread, the device works in the port's own, power comes from the bus's.
class UsbPort {
 public:
  /// Both are called from the port's thread: `on_leave` when the device has left the bus, `on_finish` when it is
  /// through the factory.
  UsbPort(std::unique_ptr<UsbDevice> device, std::function<void()> on_leave, std::function<void()> on_finish);
  UsbPort(const UsbPort&) = delete;
  UsbPort& operator=(const UsbPort&) = delete;
  ~UsbPort();

  /// Answers one ioctl; a failure inside the device makes it leave the bus, and is kept for rethrow_failure().
  void answer(UMockdevIoctlClient* client) noexcept;
  /// A program has opened the node. One that closed it before may have been called the same.
  void greet(UMockdevIoctlClient* client) noexcept;
  /// The program that had the node open is gone, and its transfers with it.
  void forget(UMockdevIoctlClient* client) noexcept;
  /// Where poll() is answered; once, before there is a node.
  void give_bell(std::unique_ptr<Doorbell> bell);
  /// Where the node is now.
  void hang_bell(const std::filesystem::path& node);
  [[nodiscard]] UsbDescriptors descriptors();
  [[nodiscard]] bool comes_back();
  /// Power returns after the device left. Throws what the device throws when it cannot read its flash; it stays away
  /// then.
  void come_back();
  /// A hand pulls the cable; then on_leave is not called. Another device may be put in.
  void pull_out();
  void put_in(std::unique_ptr<UsbDevice> device);
  void rethrow_failure();

 private:
  /// What the kernel calls a URB: the caller's request with its buffer, both kept up to date in the caller's memory.
  struct Transfer {
    UMockdevIoctlClient* client;
    IoctlData request;
    IoctlData buffer;    ///< absent when no bytes move
    unsigned round = 0;  ///< of the port's thread in which it was tried last
    bool is_discarded = false;
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
  void work(const std::stop_token& stop);
  void run_pending(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool take_next(unsigned round);
  void run_one(std::unique_lock<std::mutex>& lock);
  void settle(Outcome outcome, int moved);
  [[nodiscard]] Outcome run(Transfer& transfer, int& moved);
  [[nodiscard]] Outcome run_control(Transfer& transfer, int& moved);
  void finish(Transfers& from, int status, int moved);
  void leave();
  void begin_life();
  [[nodiscard]] bool is_of_this_life(UMockdevIoctlClient* client);
  void ring();

  std::function<void()> on_leave_, on_finish_;
  // The device's own mutex: while it works, ioctls are answered.
  std::mutex working_;
  std::unique_ptr<UsbDevice> device_;

  std::mutex mutex_;
  std::condition_variable_any wake_;
  bool present_ = true, submitted_ = false, is_finished_ = false;
  unsigned round_ = 0, life_ = 0;
  std::map<UMockdevIoctlClient*, unsigned> life_of_;  ///< in which each opened the node
  UMockdevIoctlClient* claimed_by_ = nullptr;
  Transfers pending_, running_, finished_;  ///< the device works on the one that is running
  std::set<std::uint8_t> nothing_yet_;      ///< endpoints that gave a nak in this round
  std::unique_ptr<Doorbell> bell_;
  std::exception_ptr failure_;
  std::jthread worker_;
};

}  // namespace lamp::sim
