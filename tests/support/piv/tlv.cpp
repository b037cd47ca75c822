#include "tests/support/piv/tlv.hpp"

namespace lamp::test::tlv {

Bytes encode(std::uint8_t tag, ByteView value) {
  Bytes out{tag};
  const auto size = value.size();
  if (size >= 0x100)
    append(out, Bytes{0x82, static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)});
  else if (size >= 0x80)
    append(out, Bytes{0x81, static_cast<std::uint8_t>(size)});
  else
    out.push_back(static_cast<std::uint8_t>(size));
  append(out, value);
  return out;
}

Bytes concatenate(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const auto& part : parts) append(out, part);
  return out;
}

std::map<std::uint8_t, Bytes> decode(ByteView bytes) {
  std::map<std::uint8_t, Bytes> out;
  while (bytes.size() >= 2) {
    const auto tag = bytes[0];
    std::size_t size = bytes[1];
    std::size_t head = 2;
    if ((size & 0x80U) != 0) {
      head += size & 0x7fU;
      if (bytes.size() < head) return out;
      size = 0;
      for (std::size_t i = 2; i < head; ++i) size = size << 8U | bytes[i];
    }
    if (bytes.size() - head < size) return out;
    const auto value = bytes.subspan(head, size);
    out[tag] = Bytes{value.begin(), value.end()};
    bytes = bytes.subspan(head + size);
  }
  return out;
}

}  // namespace lamp::test::tlv
