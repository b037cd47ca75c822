#include "lib/base/bytes.hpp"

#include <array>

#include "lib/base/error.hpp"

namespace lamp {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::array<std::int8_t, 256> make_base64_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kBase64.size(); ++i)
    values[static_cast<unsigned char>(kBase64[i])] = static_cast<std::int8_t>(i);
  return values;
}

}  // namespace

Bytes to_bytes(std::string_view text) { return {text.begin(), text.end()}; }

ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string to_text(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

void append(Bytes& to, ByteView more) { to.insert(to.end(), more.begin(), more.end()); }

std::string hex(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto b : bytes) {
    text.push_back(kHexDigits[b >> 4]);
    text.push_back(kHexDigits[b & 0x0F]);
  }
  return text;
}

Bytes from_hex(std::string_view text) {
  if (text.size() % 2 != 0) throw Error{Errc::bad_input, "hexadecimal text of odd length"};
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) throw Error{Errc::bad_input, "not hexadecimal at offset " + std::to_string(i)};
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

std::string base64(ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const std::uint32_t group = static_cast<std::uint32_t>(bytes[i] << 16) |
                                (left > 1 ? static_cast<std::uint32_t>(bytes[i + 1] << 8) : 0U) |
                                (left > 2 ? bytes[i + 2] : 0U);
    text.push_back(kBase64[group >> 18]);
    text.push_back(kBase64[(group >> 12) & 0x3F]);
    text.push_back(left > 1 ? kBase64[(group >> 6) & 0x3F] : '=');
    text.push_back(left > 2 ? kBase64[group & 0x3F] : '=');
  }
  return text;
}

Bytes from_base64(std::string_view text) {
  static constexpr auto values = make_base64_values();
  if (text.size() % 4 != 0) throw Error{Errc::bad_input, "base64 text whose length is not a multiple of 4"};
  std::size_t padding = 0;
  if (!text.empty() && text.back() == '=') padding = text[text.size() - 2] == '=' ? 2 : 1;
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pad = i >= text.size() - padding;
    const int value = pad ? 0 : values[static_cast<unsigned char>(text[i])];
    if (value < 0) throw Error{Errc::bad_input, "not base64 at offset " + std::to_string(i)};
    group = group << 6 | static_cast<std::uint32_t>(value);
    if (i % 4 != 3) continue;
    bytes.push_back(static_cast<std::uint8_t>(group >> 16));
    bytes.push_back(static_cast<std::uint8_t>(group >> 8));
    bytes.push_back(static_cast<std::uint8_t>(group));
    if (i + 1 < text.size()) group = 0;
  }
  // Bits under the padding must be zero, else one byte string would have several texts.
  if ((padding == 1 && (group & 0xFF) != 0) || (padding == 2 && (group & 0xFFFF) != 0))
    throw Error{Errc::bad_input, "base64 text with stray bits before its padding"};
  bytes.resize(bytes.size() - padding);
  return bytes;
}

std::string base32(ByteView bytes) {
  std::string text;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const auto b : bytes) {
    buffer = (buffer << 8 | b) & 0xFFF;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text.push_back(kBase32[(buffer >> bits) & 0x1F]);
    }
  }
  if (bits > 0) text.push_back(kBase32[(buffer << (5 - bits)) & 0x1F]);
  return text;
}

bool equal_constant_time(ByteView a, ByteView b) noexcept {
  if (a.size() != b.size()) return false;
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

}  // namespace lamp
