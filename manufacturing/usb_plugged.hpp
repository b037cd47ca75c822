// What usb*.cpp share of libusb: contexts, devices, ports, words for its errors. Only they see this header.
#pragma once

#include <libusb.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "manufacturing/fixture.hpp"

namespace lamp::manufacturing::usb {

struct DeviceUnref {
  void operator()(libusb_device* device) const noexcept { libusb_unref_device(device); }
};
struct ConfigFree {
  void operator()(libusb_config_descriptor* config) const noexcept { libusb_free_config_descriptor(config); }
};
struct HandleClose {
  void operator()(libusb_device_handle* handle) const noexcept;
};
using Config = std::unique_ptr<libusb_config_descriptor, ConfigFree>;
using Handle = std::unique_ptr<libusb_device_handle, HandleClose>;

enum class Kind { lamp, dfu, esp };

/// Keeps its context alive: libusb_exit must come last.
struct PluggedIn {
  std::shared_ptr<libusb_context> context;
  std::unique_ptr<libusb_device, DeviceUnref> device;
  std::string port;
  Kind kind = Kind::lamp;
};

/// Throws Error{unavailable} when the host has no USB.
[[nodiscard]] std::shared_ptr<libusb_context> make_context();
[[nodiscard]] std::string port_path(libusb_device* device);
[[nodiscard]] std::optional<Kind> kind_of(libusb_device* device);  ///< nothing for what is not ours
/// As libusb_open(); may be called from several threads.
[[nodiscard]] int open_device(libusb_device* device, Handle& handle);

/// Every device of ours, by port: lamps, whatever is in DFU mode, and chips of Espressif.
[[nodiscard]] std::vector<PluggedIn> scan();
[[nodiscard]] Config active_config(libusb_device* device);  ///< nothing when there is none

/// Throws Error{unavailable} naming port and deed unless `rc` is a success.
void check(int rc, const std::string& port, const char* doing);

/// Claim an interface of an opened device.
[[nodiscard]] std::unique_ptr<Fixture> make_fixture(PluggedIn plugged, Handle handle,
                                                    std::chrono::milliseconds timeout);
[[nodiscard]] std::unique_ptr<DfuPort> make_dfu_port(PluggedIn plugged, Handle handle,
                                                     std::chrono::milliseconds timeout);

/// Nothing is claimed: the kernel's driver keeps the device. Throws Error{unavailable} when it made no serial port.
[[nodiscard]] std::unique_ptr<EspPort> make_esp_port(const PluggedIn& plugged);

/// The DFU interface in DFU mode (class 0xFE, subclass 1, protocol 2), when there is one.
[[nodiscard]] const libusb_interface* dfu_interface(const libusb_config_descriptor& config) noexcept;

}  // namespace lamp::manufacturing::usb
