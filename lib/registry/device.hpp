// Devices as the fleet service knows them. Which device is asking is read by certificate fingerprint at every request.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/parse.hpp"
#include "lib/store/database.hpp"

namespace lamp::registry {

/// Devices, projects, claims, networks, parked records.
[[nodiscard]] const store::Schema& schema();

enum class DeviceState : std::int64_t { registered = 1, revoked = 2 };

struct Device {
  std::string serial, model;
  MacAddress mac;
  std::string fingerprint;  ///< SHA-256 of the certificate's DER, lower-case hex
  DeviceState state;
  std::optional<std::string> project, network;
  std::optional<std::string> version;  ///< what the device said it runs
  std::string station, order;
  Instant registered_at;
};

[[nodiscard]] std::optional<Device> find_device(store::Transaction& transaction, std::string_view serial);
[[nodiscard]] std::optional<Device> find_device_by_fingerprint(store::Transaction& transaction,
                                                               std::string_view fingerprint);
/// All devices by serial number.
[[nodiscard]] std::vector<Device> devices(store::Transaction& transaction);

/// False when there is no such device. Revoking twice changes nothing. There is no way back: a device that was revoked
/// by mistake gets a new identity.
[[nodiscard]] bool revoke_device(store::Transaction& transaction, std::string_view serial, Instant now);

/// Keeps the version that a device says it runs.
void note_version(store::Transaction& transaction, std::string_view serial, std::string_view version, Instant now);

}  // namespace lamp::registry
