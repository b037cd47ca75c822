#include "cli/sim/usb_descriptors.hpp"

#include <algorithm>
#include <array>

#include "manufacturing/lamp_protocol.hpp"

namespace lamp::sim {

using manufacturing::kProductId;
using manufacturing::kVendorId;

namespace {

constexpr std::array<std::uint8_t, 18> kDeviceDescriptor{
    18,   1,    0x00, 0x02, 0xff, 0, 0, 64, kVendorId & 0xff, kVendorId >> 8, kProductId & 0xff, kProductId >> 8,
    0x00, 0x01, 1,    2,    3,    1};

constexpr std::array<std::uint8_t, 32> kConfigurationDescriptor{
    9, 2, 32,   0, 1,    1,    0, 0x80, 50,  // bus powered, 100 mA
    9, 4, 0,    0, 2,    0xff, 1, 0,    0,   // vendor class
    7, 5, 0x01, 2, 0x00, 0x02, 0,            // bulk OUT, 512 bytes
    7, 5, 0x81, 2, 0x00, 0x02, 0};           // bulk IN, 512 bytes

enum : std::uint8_t {
  kGetStatus = 0,
  kGetDescriptor = 6,
  kGetConfiguration = 8,
  kGetInterface = 10,
  kSetInterface = 11
};
enum : std::uint8_t { kOfDevice = 1, kOfConfiguration = 2, kOfString = 3 };

Bytes string_descriptor(std::string_view text) {
  Bytes out{static_cast<std::uint8_t>(2 + 2 * text.size()), kOfString};
  for (const char c : text) {  // UTF-16LE of ASCII
    out.push_back(static_cast<std::uint8_t>(c));
    out.push_back(0);
  }
  return out;
}

Outcome string_by_index(const std::vector<std::string>& strings, std::size_t index, Bytes& data) {
  if (index > strings.size()) return Outcome::stall;
  if (index == 0)
    data = {4, kOfString, 0x09, 0x04};  // US English
  else
    data = string_descriptor(strings[index - 1]);
  return Outcome::done;
}

Outcome descriptor(const UsbDevice& device, const Setup& setup, Bytes& data) {
  auto descriptors = device.descriptors();
  switch (setup.value >> 8) {
    case kOfDevice: data = std::move(descriptors.device); return Outcome::done;
    case kOfConfiguration: data = std::move(descriptors.configuration); return Outcome::done;
    case kOfString: return string_by_index(descriptors.strings, setup.value & 0xffU, data);
    default: return Outcome::stall;
  }
}

}  // namespace

UsbDescriptors lamp_descriptors(std::string product, std::string serial_number) {
  return {Bytes{kDeviceDescriptor.begin(), kDeviceDescriptor.end()},
          Bytes{kConfigurationDescriptor.begin(), kConfigurationDescriptor.end()},
          {"Lamplighter simulation", std::move(product), std::move(serial_number)}};
}

Outcome standard_request(UsbDevice& device, const Setup& setup, Bytes& data) {
  if (setup.request == kSetInterface && !setup.to_host())
    return device.set_interface(static_cast<std::uint8_t>(setup.index), static_cast<std::uint8_t>(setup.value));
  if (!setup.to_host()) return Outcome::done;  // set address, configuration, feature
  auto outcome = Outcome::done;
  switch (setup.request) {
    case kGetStatus: data.assign(2, 0); break;
    case kGetDescriptor: outcome = descriptor(device, setup, data); break;
    case kGetConfiguration: data.assign(1, 1); break;
    case kGetInterface: data.assign(1, 0); break;
    default: outcome = Outcome::stall;
  }
  data.resize(std::min<std::size_t>(data.size(), setup.length));
  return outcome;
}

}  // namespace lamp::sim
