// BER-TLV (ISO 7816-4 section 5.2.2) with tags of one byte, as PIV's commands use it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>

#include "lib/base/bytes.hpp"

namespace lamp::test::tlv {

[[nodiscard]] Bytes encode(std::uint8_t tag, ByteView value);
[[nodiscard]] Bytes concatenate(std::initializer_list<Bytes> parts);
/// The values by their tags; what is cut short ends the list.
[[nodiscard]] std::map<std::uint8_t, Bytes> decode(ByteView bytes);

}  // namespace lamp::test::tlv
