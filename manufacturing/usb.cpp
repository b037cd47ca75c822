#include "manufacturing/usb.hpp"

#include <thread>

#include "lib/base/error.hpp"
#include "manufacturing/usb_plugged.hpp"
#include "manufacturing/usb_watch.hpp"

namespace lamp::manufacturing {
namespace {

using std::chrono::milliseconds;

/// Each device has a libusb context of its own: who waits for one handles no other's events.
class UsbBench final : public Bench {
 public:
  explicit UsbBench(milliseconds timeout) : timeout_{timeout} {}

  std::vector<std::string> occupied_ports() override { return watch_.occupied(); }
  std::uint64_t arrival(const std::string& port) override { return watch_.arrival(port); }

  Plug open(const std::string& port) override {
    if (!watch_.may_hold(port)) return {};
    for (auto& plugged : usb::scan())
      if (plugged.port == port) return open(std::move(plugged));
    return {};
  }

  void wait(milliseconds time) override { std::this_thread::sleep_for(time); }
  std::uint64_t changes() override { return watch_.changes(); }
  milliseconds wait_for_change(std::uint64_t seen, milliseconds most) override { return watch_.wait(seen, most); }
  void wake() override { watch_.wake(); }

 private:
  [[nodiscard]] Plug open(usb::PluggedIn plugged) const {
    if (plugged.kind == usb::Kind::esp) return usb::make_esp_port(plugged);
    usb::Handle handle;
    const int rc = usb::open_device(plugged.device.get(), handle);
    if (rc == LIBUSB_ERROR_NO_DEVICE) return {};
    if (rc == LIBUSB_ERROR_ACCESS)
      throw Error{Errc::denied,
                  "port " + plugged.port + ": this account may not open the device; a udev rule gives it the right"};
    if (rc != LIBUSB_SUCCESS) throw Error{Errc::unavailable, "port " + plugged.port + ": " + libusb_error_name(rc)};
    if (plugged.kind == usb::Kind::dfu) return usb::make_dfu_port(std::move(plugged), std::move(handle), timeout_);
    return usb::make_fixture(std::move(plugged), std::move(handle), timeout_);
  }

  milliseconds timeout_;
  usb::PortWatch watch_;
};

}  // namespace

std::unique_ptr<Bench> usb_bench(milliseconds device_timeout) { return std::make_unique<UsbBench>(device_timeout); }

}  // namespace lamp::manufacturing
