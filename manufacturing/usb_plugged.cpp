#include "manufacturing/usb_plugged.hpp"

#include <algorithm>
#include <array>
#include <mutex>

#include "lib/base/error.hpp"
#include "manufacturing/lamp_protocol.hpp"

namespace lamp::manufacturing::usb {
namespace {

/// The USB Serial/JTAG unit that Espressif's newer chips have in common.
constexpr std::uint16_t kEspressif = 0x303a, kSerialJtag = 0x1001;

/// libusb takes several threads here, what stands between it and the kernel may not: umockdev 0.17 keeps its list of
/// open nodes without a lock.
std::mutex& opening_and_closing() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

std::shared_ptr<libusb_context> make_context() {
  libusb_context* context = nullptr;
  const int rc = libusb_init(&context);
  if (rc != LIBUSB_SUCCESS)
    throw Error{Errc::unavailable, std::string{"this host has no USB that can be used ("} + libusb_error_name(rc) +
                                       "); is /dev/bus/usb there?"};
  libusb_set_option(context, LIBUSB_OPTION_LOG_LEVEL, LIBUSB_LOG_LEVEL_NONE);
  return {context, [](libusb_context* c) noexcept { libusb_exit(c); }};
}

std::string port_path(libusb_device* device) {
  std::array<std::uint8_t, 8> ports{};
  const int depth = libusb_get_port_numbers(device, ports.data(), static_cast<int>(ports.size()));
  std::string path = std::to_string(libusb_get_bus_number(device)) + "-";
  if (depth <= 0) return path + "0";  // the bus does not know its own tree
  for (int i = 0; i < depth; ++i) path += (i == 0 ? "" : ".") + std::to_string(ports[static_cast<std::size_t>(i)]);
  return path;
}

std::optional<Kind> kind_of(libusb_device* device) {
  libusb_device_descriptor descriptor{};
  if (libusb_get_device_descriptor(device, &descriptor) != LIBUSB_SUCCESS) return std::nullopt;
  if (descriptor.idVendor == kVendorId && descriptor.idProduct == kProductId) return Kind::lamp;
  if (descriptor.idVendor == kEspressif && descriptor.idProduct == kSerialJtag) return Kind::esp;
  const auto config = active_config(device);
  return config && dfu_interface(*config) != nullptr ? std::optional{Kind::dfu} : std::nullopt;
}

void HandleClose::operator()(libusb_device_handle* handle) const noexcept {
  const std::lock_guard lock{opening_and_closing()};
  libusb_close(handle);
}

int open_device(libusb_device* device, Handle& handle) {
  const std::lock_guard lock{opening_and_closing()};
  libusb_device_handle* opened = nullptr;
  const int rc = libusb_open(device, &opened);
  if (rc == LIBUSB_SUCCESS) handle.reset(opened);
  return rc;
}

Config active_config(libusb_device* device) {
  libusb_config_descriptor* raw = nullptr;
  return Config{libusb_get_active_config_descriptor(device, &raw) == LIBUSB_SUCCESS ? raw : nullptr};
}

const libusb_interface* dfu_interface(const libusb_config_descriptor& config) noexcept {
  const auto* end = config.interface + config.bNumInterfaces;
  const auto* found = std::find_if(config.interface, end, [](const libusb_interface& interface) {
    if (interface.num_altsetting == 0) return false;
    const auto& first = interface.altsetting[0];
    return first.bInterfaceClass == 0xfe && first.bInterfaceSubClass == 1 && first.bInterfaceProtocol == 2;
  });
  return found == end ? nullptr : found;
}

/// A fresh context each time: where no udev runs, as in a container, libusb never learns of devices that came after it
/// was initialised.
std::vector<PluggedIn> scan() {
  const auto context = make_context();
  libusb_device** list = nullptr;
  const auto count = libusb_get_device_list(context.get(), &list);
  if (count < 0)
    throw Error{Errc::unavailable,
                std::string{"cannot list USB devices: "} + libusb_error_name(static_cast<int>(count))};
  std::vector<PluggedIn> found;
  for (ssize_t i = 0; i < count; ++i)
    if (const auto kind = kind_of(list[i]))
      found.push_back({context, std::unique_ptr<libusb_device, DeviceUnref>{libusb_ref_device(list[i])},
                       port_path(list[i]), *kind});
  libusb_free_device_list(list, 1);
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.port < b.port; });
  return found;
}

void check(int rc, const std::string& port, const char* doing) {
  if (rc == LIBUSB_SUCCESS) return;
  const std::string where = "port " + port + ": " + doing + ": ";
  switch (rc) {
    case LIBUSB_ERROR_TIMEOUT: throw Error{Errc::unavailable, where + "the device does not answer"};
    case LIBUSB_ERROR_PIPE: throw Error{Errc::unavailable, where + "the device stalled"};
    case LIBUSB_ERROR_BUSY: throw Error{Errc::unavailable, where + "another program uses the device"};
    case LIBUSB_ERROR_IO:
    case LIBUSB_ERROR_NOT_FOUND:
    case LIBUSB_ERROR_NO_DEVICE: throw Error{Errc::unavailable, where + "the device is gone"};
    default: throw Error{Errc::unavailable, where + libusb_error_name(rc)};
  }
}

}  // namespace lamp::manufacturing::usb
