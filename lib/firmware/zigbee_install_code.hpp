// Zigbee install codes: 16 random bytes and their CRC, from which joiner and trust centre compute the same link key
// (Base Device Behavior Specification 10.1).
#pragma once

#include <cstdint>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::firmware {

using InstallCode = Secret<struct InstallCodeTag>;  ///< 18 bytes: the code, then its CRC, low byte first

/// CRC-16/X-25.
[[nodiscard]] std::uint16_t crc16_x25(ByteView bytes) noexcept;

[[nodiscard]] InstallCode make_install_code(Botan::RandomNumberGenerator& rng);
/// Takes 18 bytes whose CRC is right. Throws Error{bad_input}; never guesses at a length.
[[nodiscard]] InstallCode parse_install_code(SecureBytes bytes);

/// AES-MMO hash of code and CRC: the preconfigured link key, 16 bytes.
[[nodiscard]] SymmetricKey link_key(const InstallCode& code);

/// Matyas-Meyer-Oseas hash with AES-128 (Zigbee specification B.6). For fewer than 2^32 bits.
[[nodiscard]] SecureBytes aes_mmo(ByteView message);

}  // namespace lamp::firmware
