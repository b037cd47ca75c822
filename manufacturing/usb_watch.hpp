// Which ports hold a device of ours. Only usb*.cpp see this header.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "manufacturing/usb_plugged.hpp"

namespace lamp::manufacturing::usb {

/// Told by hot-plug events; looks afresh now and then, and at each question where no events come: without udev, as in a
/// container, libusb never learns of devices that came after it was initialised. Thread-safe.
class PortWatch {
 public:
  /// Throws Error{unavailable} when the host has no USB.
  PortWatch();
  PortWatch(const PortWatch&) = delete;
  PortWatch& operator=(const PortWatch&) = delete;
  ~PortWatch();

  /// Throws Error{unavailable} when the bus is gone.
  [[nodiscard]] std::vector<std::string> occupied();
  /// False only when it is certain that nothing is there.
  [[nodiscard]] bool may_hold(const std::string& port);
  [[nodiscard]] std::uint64_t arrival(const std::string& port);
  [[nodiscard]] std::uint64_t changes();
  std::chrono::milliseconds wait(std::uint64_t seen, std::chrono::milliseconds most);
  void wake();

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    std::uint64_t arrival = 0;
    std::uint8_t address = 0;  ///< on the bus: another one after each enumeration by a real hub
    bool is_here = false;
  };

  static int on_event(libusb_context* context, libusb_device* device, libusb_hotplug_event event, void* self) noexcept;
  void heard(libusb_device* device, libusb_hotplug_event event);
  void listen(const std::stop_token& stop);
  void look_if_due();
  void look();
  // What follows needs the mutex.
  void take_over(const std::vector<PluggedIn>& plugged);
  void arrived(const std::string& port, std::uint8_t address);
  void left(const std::string& port);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Entry> ports_;
  std::uint64_t changes_ = 1, arrivals_ = 0;
  std::atomic<std::uint64_t> events_{0};
  bool hears_ = false;  ///< whether events come
  Clock::time_point looked_{};
  std::mutex looking_;
  std::shared_ptr<libusb_context> context_;
  std::jthread listener_;
};

}  // namespace lamp::manufacturing::usb
