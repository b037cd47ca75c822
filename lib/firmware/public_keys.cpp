#include "lib/firmware/public_keys.hpp"

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/p256.hpp"
#include "lib/crypto/z85.hpp"
#include "lib/firmware/device_profile.hpp"

namespace lamp::firmware {
namespace {

constexpr std::size_t kCurveKeySize = 32;

bool is_curve_key(const DevicePublicKey& key) { return key.name == name_of(Credential::curve_key); }

void require_key(const DevicePublicKey& key) {
  const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
  const bool holds = is_curve_key(key)
                         ? key.value.size() == kCurveKeySize && !std::ranges::all_of(key.value, is_zero)
                         : key.name == name_of(Credential::ble_static_key) && crypto::is_p256_point(key.value);
  if (!holds)
    throw Error{Errc::bad_input, "'" + key.name + "' is not ble-static-key or curve-key, or no key of its curve"};
}

}  // namespace

Bytes encode_public_keys(const std::vector<DevicePublicKey>& keys) {
  if (keys.empty()) return {};
  cbor::MapWriter map;
  for (const auto& key : keys) map.add(key.name, cbor::bytes_item(key.value));
  return map.encoded();
}

std::vector<DevicePublicKey> read_public_keys(ByteView encoded) {
  if (encoded.empty()) return {};
  return in_context("public keys", [&] {
    (void)cbor::find(encoded, "");  // one map, its keys sorted and none repeated
    cbor::Reader in{encoded};
    std::vector<DevicePublicKey> keys;
    const auto entries = in.map();
    if (entries == 0) throw Error{Errc::bad_input, "an empty map; no keys are no bytes"};
    for (std::uint64_t i = 0; i < entries; ++i) {
      DevicePublicKey key{std::string{in.text()}, {}};
      const auto value = in.bytes();
      key.value.assign(value.begin(), value.end());
      require_key(key);
      keys.push_back(std::move(key));
    }
    in.end();
    return keys;
  });
}

std::string text_of(const DevicePublicKey& key) { return is_curve_key(key) ? crypto::z85(key.value) : hex(key.value); }

}  // namespace lamp::firmware
