// A DFU interface's control transfers (USB DFU 1.1, chapter 3).
#include <array>

#include "lib/base/error.hpp"
#include "manufacturing/usb_plugged.hpp"

namespace lamp::manufacturing::usb {
namespace {

enum DfuRequest : std::uint8_t { dnload = 1, upload = 2, get_status = 3, clear_status = 4, abort_transfer = 6 };
constexpr std::uint8_t kOut = 0x21, kIn = 0xa1;  // class requests to an interface
constexpr std::size_t kStatusSize = 6;
constexpr std::uint8_t kFunctionalDescriptor = 0x21, kFunctionalSize = 9;

std::uint16_t word(const std::uint8_t* at) { return static_cast<std::uint16_t>(at[0] | at[1] << 8); }

/// Section 4.1.3, wherever in the interface's extra bytes it stands.
void read_functional(ByteView extra, DfuDescription& into) {
  while (extra.size() >= 2 && extra[0] >= 2 && extra[0] <= extra.size()) {
    if (extra[1] == kFunctionalDescriptor && extra[0] >= kFunctionalSize) {
      into.transfer_size = word(extra.data() + 5);
      into.version = word(extra.data() + 7);
    }
    extra = extra.subspan(extra[0]);
  }
}

class UsbDfuPort final : public DfuPort {
 public:
  UsbDfuPort(PluggedIn plugged, Handle handle, std::chrono::milliseconds timeout)
      : plugged_{std::move(plugged)}, handle_{std::move(handle)}, timeout_{static_cast<unsigned>(timeout.count())} {
    read_description();
    check(libusb_claim_interface(handle_.get(), interface_), "claim");
  }
  UsbDfuPort(const UsbDfuPort&) = delete;
  UsbDfuPort& operator=(const UsbDfuPort&) = delete;
  ~UsbDfuPort() override { libusb_release_interface(handle_.get(), interface_); }

  const DfuDescription& description() const noexcept override { return description_; }

  void select(std::uint8_t alternate) override {
    check(libusb_set_interface_alt_setting(handle_.get(), interface_, alternate), "choosing a memory");
  }

  void download(std::uint16_t block, ByteView data) override {
    SecureBytes bytes{data.begin(), data.end()};  // libusb's buffers are not const
    out(DfuRequest::dnload, block, bytes, "download");
  }
  SecureBytes upload(std::uint16_t block, std::size_t most) override {
    return in(DfuRequest::upload, block, most, "upload");
  }
  Bytes status() override {
    const auto answer = in(DfuRequest::get_status, 0, kStatusSize, "status");
    return {answer.begin(), answer.end()};
  }
  void clear_status() override {
    SecureBytes none;
    out(DfuRequest::clear_status, 0, none, "clear status");
  }
  void abort() override {
    SecureBytes none;
    out(DfuRequest::abort_transfer, 0, none, "abort");
  }

 private:
  void check(int rc, const char* doing) const { usb::check(rc, plugged_.port, doing); }

  void read_description() {
    libusb_device_descriptor device{};
    check(libusb_get_device_descriptor(plugged_.device.get(), &device), "device descriptor");
    description_.vendor = device.idVendor;
    description_.product = device.idProduct;
    const auto config = active_config(plugged_.device.get());
    const auto* dfu = config ? dfu_interface(*config) : nullptr;
    if (dfu == nullptr) throw Error{Errc::unavailable, "port " + plugged_.port + ": the device is gone"};
    interface_ = dfu->altsetting[0].bInterfaceNumber;
    const auto read_extra = [&](const unsigned char* bytes, int size) {
      if (size > 0) read_functional({bytes, static_cast<std::size_t>(size)}, description_);
    };
    read_extra(config->extra, config->extra_length);
    for (int i = 0; i < dfu->num_altsetting; ++i) {
      const auto& alternate = dfu->altsetting[i];
      read_extra(alternate.extra, alternate.extra_length);
      description_.alternates.push_back(text(alternate.iInterface));
    }
  }

  std::string text(std::uint8_t index) const {
    if (index == 0) return {};
    std::array<unsigned char, 256> buffer{};
    const int size =
        libusb_get_string_descriptor_ascii(handle_.get(), index, buffer.data(), static_cast<int>(buffer.size()));
    if (size < 0) check(size, "name of a memory");
    return to_text({buffer.data(), static_cast<std::size_t>(size)});
  }

  void out(DfuRequest request, std::uint16_t value, SecureBytes& data, const char* doing) {
    const int rc = libusb_control_transfer(handle_.get(), kOut, request, value, static_cast<std::uint16_t>(interface_),
                                           data.data(), static_cast<std::uint16_t>(data.size()), timeout_);
    if (rc < 0) check(rc, doing);
    if (static_cast<std::size_t>(rc) != data.size())
      throw Error{Errc::unavailable, "port " + plugged_.port + ": " + doing + ": the device took part of it"};
  }

  SecureBytes in(DfuRequest request, std::uint16_t value, std::size_t most, const char* doing) {
    SecureBytes data(most);
    const int rc = libusb_control_transfer(handle_.get(), kIn, request, value, static_cast<std::uint16_t>(interface_),
                                           data.data(), static_cast<std::uint16_t>(data.size()), timeout_);
    if (rc < 0) check(rc, doing);
    data.resize(static_cast<std::size_t>(rc));
    return data;
  }

  PluggedIn plugged_;
  Handle handle_;
  unsigned timeout_;
  int interface_ = 0;
  DfuDescription description_;
};

}  // namespace

std::unique_ptr<DfuPort> make_dfu_port(PluggedIn plugged, Handle handle, std::chrono::milliseconds timeout) {
  return std::make_unique<UsbDfuPort>(std::move(plugged), std::move(handle), timeout);
}

}  // namespace lamp::manufacturing::usb
