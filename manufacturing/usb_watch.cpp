#include "manufacturing/usb_watch.hpp"

#include <unistd.h>

#include <set>

#include "lib/base/error.hpp"

namespace lamp::manufacturing::usb {
namespace {

constexpr std::chrono::milliseconds kLookAgain{1000};
constexpr int kLooks = 3;
constexpr const char* kBus = "/dev/bus/usb";

}  // namespace

PortWatch::PortWatch() : context_{make_context()} {
  if (libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG) == 0) return;
  constexpr auto both = LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT;
  const int rc = libusb_hotplug_register_callback(context_.get(), both, LIBUSB_HOTPLUG_NO_FLAGS,
                                                  LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
                                                  LIBUSB_HOTPLUG_MATCH_ANY, &PortWatch::on_event, this, nullptr);
  if (rc == LIBUSB_SUCCESS) listener_ = std::jthread{[this](const std::stop_token& stop) { listen(stop); }};
}

PortWatch::~PortWatch() {
  listener_.request_stop();
  libusb_interrupt_event_handler(context_.get());
}

/// Wakes up by itself, too: an interruption may come before it waits.
void PortWatch::listen(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    timeval patience{0, 200'000};
    libusb_handle_events_timeout_completed(context_.get(), &patience, nullptr);
  }
}

int PortWatch::on_event(libusb_context* /*context*/, libusb_device* device, libusb_hotplug_event event,
                        void* self) noexcept {
  static_cast<PortWatch*>(self)->heard(device, event);
  return 0;  // go on telling
}

void PortWatch::heard(libusb_device* device, libusb_hotplug_event event) {
  const auto port = port_path(device);
  const bool is_arrival = event == LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED;
  const bool is_ours = is_arrival && kind_of(device).has_value();
  const std::lock_guard lock{mutex_};
  ++events_;
  hears_ = true;
  if (is_ours)
    arrived(port, libusb_get_device_address(device));
  else
    left(port);
}

void PortWatch::arrived(const std::string& port, std::uint8_t address) {
  ports_[port] = {++arrivals_, address, true};
  ++changes_;
  changed_.notify_all();
}

void PortWatch::left(const std::string& port) {
  const auto found = ports_.find(port);
  if (found == ports_.end() || !found->second.is_here) return;
  found->second.is_here = false;
  ++changes_;
  changed_.notify_all();
}

void PortWatch::look_if_due() {
  const std::lock_guard one_at_a_time{looking_};
  {
    const std::lock_guard lock{mutex_};
    if (hears_ && Clock::now() - looked_ < kLookAgain) return;
  }
  look();
}

void PortWatch::look() {
  if (looked_ != Clock::time_point{} && ::access(kBus, F_OK) != 0)
    throw Error{Errc::unavailable, std::string{"the USB bus is gone: "} + kBus + " is not there any more"};
  for (int tries = 0; tries < kLooks; ++tries) {
    const auto before = events_.load();
    const auto plugged = scan();
    const std::lock_guard lock{mutex_};
    if (events_ != before) continue;  // what an event told meanwhile is newer than what was seen
    looked_ = Clock::now();
    take_over(plugged);
    return;
  }
}

/// A difference was not told, or not yet: until the next event comes, none is counted on.
void PortWatch::take_over(const std::vector<PluggedIn>& plugged) {
  std::set<std::string> seen;
  for (const auto& found : plugged) {
    const auto address = libusb_get_device_address(found.device.get());
    const auto known = ports_.find(found.port);
    seen.insert(found.port);
    if (known != ports_.end() && known->second.is_here && known->second.address == address) continue;
    hears_ = false;
    arrived(found.port, address);
  }
  for (const auto& [port, entry] : ports_) {
    if (!entry.is_here || seen.contains(port)) continue;
    hears_ = false;
    left(port);
  }
}

std::vector<std::string> PortWatch::occupied() {
  look_if_due();
  const std::lock_guard lock{mutex_};
  std::vector<std::string> ports;
  for (const auto& [port, entry] : ports_)
    if (entry.is_here) ports.push_back(port);
  return ports;
}

bool PortWatch::may_hold(const std::string& port) {
  const std::lock_guard lock{mutex_};
  const auto found = ports_.find(port);
  return !hears_ || found == ports_.end() || found->second.is_here;  // an arrival may still be on its way
}

std::uint64_t PortWatch::arrival(const std::string& port) {
  const std::lock_guard lock{mutex_};
  const auto found = ports_.find(port);
  return found != ports_.end() && found->second.is_here ? found->second.arrival : 0;
}

std::uint64_t PortWatch::changes() {
  const std::lock_guard lock{mutex_};
  return changes_;
}

std::chrono::milliseconds PortWatch::wait(std::uint64_t seen, std::chrono::milliseconds most) {
  const auto begin = Clock::now();
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, most, [&] { return changes_ != seen; });
  return std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - begin);
}

void PortWatch::wake() {
  const std::lock_guard lock{mutex_};
  ++changes_;
  changed_.notify_all();
}

}  // namespace lamp::manufacturing::usb
