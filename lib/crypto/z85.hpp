// Z85 (ZeroMQ RFC 32): 4 bytes as 5 printable characters. CURVE keys of 32 bytes are written as 40 characters.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"

namespace lamp::crypto {

/// Throws Error{internal} unless the size is a multiple of 4.
[[nodiscard]] std::string z85(ByteView bytes);
/// Throws Error{bad_input} for a length that is no multiple of 5, another character, or a group above 32 bits; quotes
/// nothing.
[[nodiscard]] Bytes from_z85(std::string_view text);

}  // namespace lamp::crypto
