// Descriptors of the demo's devices: vendor class, one interface, bulk OUT and bulk IN, high speed (USB 2.0
// section 9.6).
#pragma once

#include <array>
#include <cstdint>

#include "cli/sim/usb_device.hpp"

namespace lamp::sim {

extern const std::array<std::uint8_t, 18> kDeviceDescriptor;
extern const std::array<std::uint8_t, 32> kConfigurationDescriptor;

/// Answers chapter 9's requests on the device's behalf.
[[nodiscard]] Outcome standard_request(const UsbDevice& device, const Setup& setup, Bytes& data);

}  // namespace lamp::sim
