#include "lib/crypto/z85.hpp"

#include <array>

#include "lib/base/error.hpp"

namespace lamp::crypto {
namespace {

constexpr std::string_view kDigits =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
constexpr std::size_t kBytes = 4, kCharacters = 5;
constexpr std::uint64_t kBase = 85;

}  // namespace

std::string z85(ByteView bytes) {
  if (bytes.size() % kBytes != 0) throw Error{Errc::internal, "Z85 takes groups of four bytes"};
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += kBytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kBytes; ++i) value = value << 8U | bytes[at + i];
    std::array<char, kCharacters> group{};
    for (std::size_t i = kCharacters; i > 0; --i, value /= kBase) group.at(i - 1) = kDigits[value % kBase];
    text.append(group.begin(), group.end());
  }
  return text;
}

Bytes from_z85(std::string_view text) {
  if (text.size() % kCharacters != 0) throw Error{Errc::bad_input, "Z85 text is not groups of five characters"};
  Bytes bytes;
  for (std::size_t at = 0; at < text.size(); at += kCharacters) {
    std::uint64_t value = 0;
    for (const char c : text.substr(at, kCharacters)) {
      const auto digit = kDigits.find(c);
      if (digit == std::string_view::npos) throw Error{Errc::bad_input, "Z85 text with another character"};
      value = value * kBase + digit;
    }
    if (value >> 32U != 0) throw Error{Errc::bad_input, "Z85 group above 32 bits"};
    for (unsigned shift = 32; shift > 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(value >> (shift - 8)));
  }
  return bytes;
}

}  // namespace lamp::crypto
