// Public halves of token key pairs, for this library's own sources.
#pragma once

#include <memory>

#include "hsm/objects.hpp"

namespace Botan {
class Public_Key;
}

namespace lamp::hsm {

/// DER object identifiers, as CKA_EC_PARAMS holds them.
inline constexpr std::uint8_t kP256Parameters[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
inline constexpr std::uint8_t kP384Parameters[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};

/// Reads a public key object into a Botan key; an EC point is checked to be on its curve. Throws Error{unavailable} for
/// kinds of keys that this project does not use.
[[nodiscard]] std::unique_ptr<Botan::Public_Key> read_public_key(Session& session, CK_OBJECT_HANDLE object);

/// CKA_EC_POINT comes as a DER OCTET STRING; what comes as a bare point is passed on.
[[nodiscard]] Bytes unwrap_point(Bytes attribute);

/// "p256", "rsa4096", "aes256", for lists.
[[nodiscard]] std::string key_kind(Session& session, CK_OBJECT_HANDLE object);

}  // namespace lamp::hsm
