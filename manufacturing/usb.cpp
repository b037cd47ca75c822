#include "manufacturing/usb.hpp"

#include <thread>

#include "lib/base/error.hpp"
#include "manufacturing/usb_plugged.hpp"

namespace lamp::manufacturing {
namespace {

using std::chrono::milliseconds;

class UsbBench final : public Bench {
 public:
  explicit UsbBench(milliseconds timeout) noexcept : timeout_{timeout} {}

  std::vector<std::string> occupied_ports() override {
    std::vector<std::string> ports;
    for (const auto& plugged : usb::scan()) ports.push_back(plugged.port);
    return ports;
  }

  Plug open(const std::string& port) override {
    for (auto& plugged : usb::scan()) {
      if (plugged.port != port) continue;
      libusb_device_handle* handle = nullptr;
      const int rc = libusb_open(plugged.device.get(), &handle);
      if (rc == LIBUSB_ERROR_NO_DEVICE) return {};
      if (rc == LIBUSB_ERROR_ACCESS)
        throw Error{Errc::denied,
                    "port " + port + ": this account may not open the device; a udev rule gives it the right"};
      if (rc != LIBUSB_SUCCESS) throw Error{Errc::unavailable, "port " + port + ": " + libusb_error_name(rc)};
      usb::Handle opened{handle};
      if (plugged.kind == usb::Kind::dfu) return usb::make_dfu_port(std::move(plugged), std::move(opened), timeout_);
      return usb::make_fixture(std::move(plugged), std::move(opened), timeout_);
    }
    return {};
  }

  void wait(milliseconds time) override { std::this_thread::sleep_for(time); }

 private:
  milliseconds timeout_;
};

}  // namespace

std::unique_ptr<Bench> usb_bench(milliseconds device_timeout) { return std::make_unique<UsbBench>(device_timeout); }

}  // namespace lamp::manufacturing
