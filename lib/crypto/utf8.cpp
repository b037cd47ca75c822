#include "lib/crypto/utf8.hpp"

namespace lamp {

bool is_utf8(ByteView bytes) noexcept {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::uint32_t first = bytes[at];
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xc2 ? 0
                               : first < 0xe0 ? 2
                               : first < 0xf0 ? 3
                               : first < 0xf5 ? 4
                                              : 0;
    if (length == 0 || bytes.size() - at < length) return false;
    std::uint32_t code = length == 1 ? first : first & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
      if ((bytes[at + i] & 0xc0U) != 0x80U) return false;
      code = code << 6U | (bytes[at + i] & 0x3fU);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (overlong || surrogate || code > 0x10ffff) return false;
    at += length;
  }
  return true;
}

}  // namespace lamp
