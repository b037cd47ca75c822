// The lamp provisioning protocol's frames over two bulk pipes.
#include "lib/base/error.hpp"
#include "manufacturing/lamp_protocol.hpp"
#include "manufacturing/usb_plugged.hpp"

namespace lamp::manufacturing::usb {
namespace {

using std::chrono::milliseconds;

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
  const auto config = active_config(plugged.device.get());
  if (!config) throw Error{Errc::unavailable, "port " + plugged.port + ": the device has no configuration"};
  for (int i = 0; i < config->bNumInterfaces; ++i)
    if (config->interface[i].num_altsetting > 0)
      if (const auto pipes = pipes_of(config->interface[i].altsetting[0])) return *pipes;
  throw Error{Errc::bad_input, "port " + plugged.port + ": the device has no interface with two bulk pipes"};
}

class UsbFixture final : public Fixture {
 public:
  UsbFixture(PluggedIn plugged, Handle handle, milliseconds timeout)
      : plugged_{std::move(plugged)}, handle_{std::move(handle)}, timeout_{timeout} {
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

  void check(int rc, const char* doing) const { usb::check(rc, plugged_.port, doing); }

  PluggedIn plugged_;
  Handle handle_;
  milliseconds timeout_;
  Pipes pipes_;
};

}  // namespace

std::unique_ptr<Fixture> make_fixture(PluggedIn plugged, Handle handle, milliseconds timeout) {
  return std::make_unique<UsbFixture>(std::move(plugged), std::move(handle), timeout);
}

}  // namespace lamp::manufacturing::usb
