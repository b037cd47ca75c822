// How the station writes a credential block, or a key, into the flash of a part that runs no program yet:
// lamp-credential(5), IN FLASH. A record that was half written when the power went is told from a whole one.
#pragma once

#include <optional>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"

namespace lamp::firmware {

enum class RecordKind {
  credential_block,  ///< "LPCB"
  device_key,        ///< "LPKY": the key alone, until the block that holds it is whole
};

/// Head, content and SHA-256, filled up with 0xFF to a multiple of 8 bytes.
[[nodiscard]] SecureBytes flash_record(RecordKind kind, ByteView content);
/// The content of the record with which `flash` begins; nothing when it is damaged, another one, or none.
[[nodiscard]] std::optional<ByteView> read_flash_record(RecordKind kind, ByteView flash);
/// Bytes that a record with this much content takes.
[[nodiscard]] std::size_t flash_record_size(std::size_t content) noexcept;
[[nodiscard]] bool is_erased(ByteView flash) noexcept;  ///< all 0xFF

}  // namespace lamp::firmware
