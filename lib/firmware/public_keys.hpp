// The public halves of the key pairs that a device has beside its identity: what an app or the service needs to talk to
// it over BLE, and a bridge over ZeroMQ CURVE. As bytes, a deterministic CBOR map from the credential's name,
// lamp-device(5), to the key.
#pragma once

#include <string>
#include <vector>

#include "lib/base/bytes.hpp"

namespace lamp::firmware {

struct DevicePublicKey {
  std::string name;  ///< ble-static-key or curve-key
  Bytes value;       ///< P-256: 65 bytes, uncompressed; X25519: 32 bytes
  bool operator==(const DevicePublicKey&) const = default;
};

/// No keys are no bytes. Throws Error{internal} on a repeated name.
[[nodiscard]] Bytes encode_public_keys(const std::vector<DevicePublicKey>& keys);

/// Throws Error{bad_input} for anything that is not such a map, for a name that is none of a key pair, and for what is
/// no key of its curve: a point that is not on P-256, 32 bytes of X25519 that are all zero.
[[nodiscard]] std::vector<DevicePublicKey> read_public_keys(ByteView encoded);

/// As its peers are configured with it: P-256 in hexadecimal, CURVE's in Z85.
[[nodiscard]] std::string text_of(const DevicePublicKey& key);

}  // namespace lamp::firmware
