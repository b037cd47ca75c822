// The head of a CBOR item in its shortest form (RFC 8949 section 3), shared by writer and reader.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lamp::cbor {

/// Writes the head to `buffer` and gives the bytes used.
[[nodiscard]] inline std::span<const std::uint8_t> encode_head(std::uint8_t major, std::uint64_t argument,
                                                               std::array<std::uint8_t, 9>& buffer) noexcept {
  const auto type = static_cast<std::uint8_t>(major << 5U);
  if (argument < 24) {
    buffer[0] = static_cast<std::uint8_t>(type | argument);
    return std::span{buffer}.first(1);
  }
  const unsigned exponent = argument <= 0xff ? 0 : argument <= 0xffff ? 1 : argument <= 0xffffffff ? 2 : 3;
  const std::size_t width = std::size_t{1} << exponent;
  buffer[0] = static_cast<std::uint8_t>(type | (24 + exponent));
  for (std::size_t i = width; i > 0; --i, argument >>= 8U) buffer[i] = static_cast<std::uint8_t>(argument);
  return std::span{buffer}.first(1 + width);
}

}  // namespace lamp::cbor
