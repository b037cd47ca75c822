#include "lib/pki/c_array.hpp"

namespace lamp::pki {

std::string c_octets(ByteView octets, std::string_view indent) {
  constexpr std::size_t kRow = 12;
  std::string text;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (i != 0) text += i % kRow == 0 ? ",\n" + std::string{indent} : ", ";
    text += "0x" + hex(octets.subspan(i, 1));
  }
  return text;
}

std::string comment_text(std::string_view text) {
  std::string out;
  for (const char c : text) out += c < 0x20 || c > 0x7E || c == '\\' ? '?' : c;
  return out;
}

}  // namespace lamp::pki
