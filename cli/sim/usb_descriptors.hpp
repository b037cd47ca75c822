// Chapter 9 of USB 2.0 on a virtual device's behalf, and the descriptors of the demo's lamps.
#pragma once

#include "cli/sim/usb_device.hpp"

namespace lamp::sim {

/// Vendor class, one interface, bulk OUT and bulk IN, high speed: lamp-provisioning(7), USB.
[[nodiscard]] UsbDescriptors lamp_descriptors(std::string product, std::string serial_number);

/// Answers chapter 9's requests.
[[nodiscard]] Outcome standard_request(UsbDevice& device, const Setup& setup, Bytes& data);

}  // namespace lamp::sim
