// A device's private key that the station makes: in memory, in the credential block (a COSE_Key, RFC 9052 section 7),
// never in a file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"
#include "lib/crypto/cbor.hpp"

namespace Botan {
class Private_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::firmware {

enum class KeyCurve : std::uint8_t { p256 = 1, x25519 = 4 };  ///< numbers of the COSE registry

struct DeviceKey {
  std::string name;  ///< what it is for: the credential's name in lamp-device(5)
  KeyCurve curve = KeyCurve::p256;
  Bytes public_key;                         ///< P-256: 65 bytes, uncompressed; X25519: 32 bytes
  DeviceSecret private_key{SecureBytes{}};  ///< 32 bytes: the scalar, big-endian; X25519's as RFC 7748 has it
};

[[nodiscard]] DeviceKey make_device_key(std::string name, KeyCurve curve, Botan::RandomNumberGenerator& rng);

/// The COSE_Key: kty, kid (the name), crv, x, y, d.
void write_device_key(cbor::SecureWriter& out, const DeviceKey& key);
/// Throws Error{bad_input} unless it is such a COSE_Key and its public part is that of its private one; quotes nothing.
[[nodiscard]] DeviceKey read_device_key(cbor::Reader& reader);

/// SubjectPublicKeyInfo and PKCS#8. Error{internal} for an X25519 key, which signs nothing.
[[nodiscard]] Bytes spki_of(const DeviceKey& key);
[[nodiscard]] SecureBytes pkcs8_of(const DeviceKey& key);
/// What signs with a key in PKCS#8. Throws Error{bad_input} unless it is one.
[[nodiscard]] std::unique_ptr<Botan::Private_Key> signing_key(ByteView pkcs8);

}  // namespace lamp::firmware
