#include "manufacturing/usb.hpp"

#include <libusb.h>

#include <algorithm>
#include <array>
#include <optional>
#include <thread>

#include "lib/base/error.hpp"
#include "manufacturing/lamp_protocol.hpp"

namespace lamp::manufacturing {
namespace {

using std::chrono::milliseconds;

using Context = std::shared_ptr<libusb_context>;

Context make_context() {
  libusb_context* context = nullptr;
  const int rc = libusb_init(&context);
  if (rc != LIBUSB_SUCCESS)
    throw Error{Errc::unavailable, std::string{"this host has no USB that can be used ("} + libusb_error_name(rc) +
                                       "); is /dev/bus/usb there?"};
  libusb_set_option(context, LIBUSB_OPTION_LOG_LEVEL, LIBUSB_LOG_LEVEL_NONE);
  return {context, [](libusb_context* c) noexcept { libusb_exit(c); }};
}

struct DeviceUnref {
  void operator()(libusb_device* device) const noexcept { libusb_unref_device(device); }
};
using Device = std::unique_ptr<libusb_device, DeviceUnref>;

/// Keeps its context alive: libusb_exit must come last.
struct PluggedIn {
  Context context;
  Device device;
  std::string port;
};

std::string port_path(libusb_device* device) {
  std::array<std::uint8_t, 8> ports{};
  const int depth = libusb_get_port_numbers(device, ports.data(), static_cast<int>(ports.size()));
  std::string path = std::to_string(libusb_get_bus_number(device)) + "-";
  if (depth <= 0) return path + "0";  // the bus does not know its own tree
  for (int i = 0; i < depth; ++i) path += (i == 0 ? "" : ".") + std::to_string(ports[static_cast<std::size_t>(i)]);
  return path;
}

bool is_ours(libusb_device* device) {
  libusb_device_descriptor descriptor{};
  return libusb_get_device_descriptor(device, &descriptor) == LIBUSB_SUCCESS && descriptor.idVendor == kVendorId &&
         descriptor.idProduct == kProductId;
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
    if (is_ours(list[i])) found.push_back({context, Device{libusb_ref_device(list[i])}, port_path(list[i])});
  libusb_free_device_list(list, 1);
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.port < b.port; });
  return found;
}

struct Pipes {
  int interface = 0;
  std::uint8_t out = 0, in = 0;
  std::size_t packet = 0;  ///< of the IN endpoint
};

std::optional<Pipes> pipes_of(const libusb_interface_descriptor& descriptor) {
  if (descriptor.bInterfaceClass != LIBUSB_CLASS_VENDOR_SPEC) return std::nullopt;
  Pipes pipes;
  pipes.interface = descriptor.bInterfaceNumber;
  for (int i = 0; i < descriptor.bNumEndpoints; ++i) {
    const auto& endpoint = descriptor.endpoint[i];
    if ((endpoint.bmAttributes & 3) != LIBUSB_TRANSFER_TYPE_BULK) continue;
    if ((endpoint.bEndpointAddress & LIBUSB_ENDPOINT_IN) != 0) {
      pipes.in = endpoint.bEndpointAddress;
      pipes.packet = endpoint.wMaxPacketSize & 0x7FFU;
    } else {
      pipes.out = endpoint.bEndpointAddress;
    }
  }
  const bool usable = pipes.in != 0 && pipes.out != 0 && pipes.packet != 0;
  return usable ? std::optional{pipes} : std::nullopt;
}

Pipes find_pipes(const PluggedIn& plugged) {
  libusb_config_descriptor* raw = nullptr;
  const int rc = libusb_get_active_config_descriptor(plugged.device.get(), &raw);
  if (rc != LIBUSB_SUCCESS)
    throw Error{Errc::unavailable, "port " + plugged.port + ": no configuration: " + libusb_error_name(rc)};
  const std::unique_ptr<libusb_config_descriptor, void (*)(libusb_config_descriptor*)> config{
      raw, libusb_free_config_descriptor};
  for (int i = 0; i < config->bNumInterfaces; ++i)
    if (config->interface[i].num_altsetting > 0)
      if (const auto pipes = pipes_of(config->interface[i].altsetting[0])) return *pipes;
  throw Error{Errc::bad_input, "port " + plugged.port + ": the device has no interface with two bulk pipes"};
}

class UsbFixture final : public Fixture {
 public:
  UsbFixture(PluggedIn plugged, libusb_device_handle* handle, milliseconds timeout)
      : plugged_{std::move(plugged)}, handle_{handle, libusb_close}, timeout_{timeout} {
    pipes_ = find_pipes(plugged_);
    check(libusb_claim_interface(handle_.get(), pipes_.interface), "claim");
    // A station that was stopped in the middle of a frame left half of it behind: lamp-provisioning(7), USB.
    check(libusb_clear_halt(handle_.get(), pipes_.out), "clear");
    check(libusb_clear_halt(handle_.get(), pipes_.in), "clear");
  }
  UsbFixture(const UsbFixture&) = delete;
  UsbFixture& operator=(const UsbFixture&) = delete;
  ~UsbFixture() override { libusb_release_interface(handle_.get(), pipes_.interface); }

  void send(ByteView frame) override {
    const auto deadline = Clock::now() + timeout_;
    Bytes bytes{frame.begin(), frame.end()};  // libusb's buffers are not const
    for (std::size_t sent = 0; sent < bytes.size();)
      sent += transfer(pipes_.out, bytes.data() + sent, bytes.size() - sent, deadline, "send");
  }

  /// Reads whole packets only: a transfer that ends inside a packet is an overflow.
  Bytes receive() override {
    const auto deadline = Clock::now() + timeout_;
    Bytes frame;
    for (;;) {
      const auto size = frame_size(frame);
      if (size && frame.size() >= *size) break;
      const std::size_t missing = size ? *size - frame.size() : pipes_.packet;
      const std::size_t room = (missing + pipes_.packet - 1) / pipes_.packet * pipes_.packet;
      const std::size_t had = frame.size();
      frame.resize(had + room);
      frame.resize(had + transfer(pipes_.in, frame.data() + had, room, deadline, "receive"));
    }
    return frame;
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::size_t transfer(std::uint8_t endpoint, std::uint8_t* bytes, std::size_t size, Clock::time_point deadline,
                       const char* doing) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) check(LIBUSB_ERROR_TIMEOUT, doing);  // libusb takes 0 for "for ever"
    int moved = 0;
    const int rc = libusb_bulk_transfer(handle_.get(), endpoint, bytes, static_cast<int>(size), &moved,
                                        static_cast<unsigned>(left));
    if (rc != LIBUSB_ERROR_TIMEOUT || moved == 0) check(rc, doing);
    return static_cast<std::size_t>(moved);
  }

  void check(int rc, const char* doing) const {
    if (rc == LIBUSB_SUCCESS) return;
    const std::string where = "port " + plugged_.port + ": " + doing + ": ";
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

  PluggedIn plugged_;
  std::unique_ptr<libusb_device_handle, void (*)(libusb_device_handle*)> handle_;
  milliseconds timeout_;
  Pipes pipes_;
};

class UsbBench final : public Bench {
 public:
  explicit UsbBench(milliseconds timeout) noexcept : timeout_{timeout} {}

  std::vector<std::string> occupied_ports() override {
    std::vector<std::string> ports;
    for (const auto& plugged : scan()) ports.push_back(plugged.port);
    return ports;
  }

  std::unique_ptr<Fixture> open(const std::string& port) override {
    for (auto& plugged : scan()) {
      if (plugged.port != port) continue;
      libusb_device_handle* handle = nullptr;
      const int rc = libusb_open(plugged.device.get(), &handle);
      if (rc == LIBUSB_ERROR_NO_DEVICE) return nullptr;
      if (rc == LIBUSB_ERROR_ACCESS)
        throw Error{Errc::denied,
                    "port " + port + ": this account may not open the device; a udev rule gives it the right"};
      if (rc != LIBUSB_SUCCESS) throw Error{Errc::unavailable, "port " + port + ": " + libusb_error_name(rc)};
      return std::make_unique<UsbFixture>(std::move(plugged), handle, timeout_);
    }
    return nullptr;
  }

  void wait(milliseconds time) override { std::this_thread::sleep_for(time); }

 private:
  milliseconds timeout_;
};

}  // namespace

std::unique_ptr<Bench> usb_bench(milliseconds device_timeout) { return std::make_unique<UsbBench>(device_timeout); }

}  // namespace lamp::manufacturing
