// Little-endian numbers, as boot loaders and Zigbee write them.
#pragma once

#include <cstdint>

#include "lib/base/bytes.hpp"

namespace lamp::firmware {

/// The first sizeof(T) bytes of `from`, which must have them.
template <class T>
[[nodiscard]] T little_endian(ByteView from) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(T); i > 0; --i) value = value << 8U | from[i - 1];
  return static_cast<T>(value);
}

template <class T>
void append_little_endian(Bytes& to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    to.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i)));
}

}  // namespace lamp::firmware
