// Byte strings, their text forms, and comparison that does not leak where two of them differ.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lamp {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] Bytes to_bytes(std::string_view text);
[[nodiscard]] ByteView as_bytes(std::string_view text) noexcept;
[[nodiscard]] std::string to_text(ByteView bytes);
void append(Bytes& to, ByteView more);

/// Lower-case hexadecimal.
[[nodiscard]] std::string hex(ByteView bytes);
/// Upper or lower case, even length, nothing else. Throws Error{bad_input}; the message does not quote the input.
[[nodiscard]] Bytes from_hex(std::string_view text);

/// RFC 4648 base64 with padding, one line.
[[nodiscard]] std::string base64(ByteView bytes);
/// Strict RFC 4648 base64: padding required, no white space. Throws Error{bad_input}; the message does not quote the
/// input.
[[nodiscard]] Bytes from_base64(std::string_view text);

/// RFC 4648 base32 without padding, upper case: for codes that people read aloud.
[[nodiscard]] std::string base32(ByteView bytes);

/// Compares in time that depends on the lengths only.
[[nodiscard]] bool equal_constant_time(ByteView a, ByteView b) noexcept;

}  // namespace lamp
