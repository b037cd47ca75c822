// How a row of the device table becomes a Device; for the registry's own sources.
#pragma once

#include "lib/registry/device.hpp"

namespace lamp::registry {

/// The columns that device_from() reads, in its order.
inline constexpr std::string_view kDeviceColumns =
    "device.serial, device.model, device.mac, device.fingerprint, device.state, device.project, device.network, "
    "device.version, device.station, device.order_id, device.registered_at";

[[nodiscard]] Device device_from(const store::Row& row);
[[nodiscard]] std::vector<Device> devices_from(const std::vector<store::Row>& rows);

}  // namespace lamp::registry
