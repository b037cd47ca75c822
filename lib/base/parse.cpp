#include "lib/base/parse.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace lamp {
namespace {

Error bad(std::string_view text, std::string_view expected) {
  return Error{Errc::bad_input, "'" + std::string{text} + "' is not " + std::string{expected}};
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

std::uint64_t parse_number(std::string_view text, std::string_view what, std::uint64_t low, std::uint64_t high) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  const bool canonical = !text.empty() && is_digit(text.front()) && (text.size() == 1 || text.front() != '0');
  if (!canonical || error != std::errc{} || stop != end || value < low || value > high)
    throw Error{Errc::bad_input, std::string{what} + ": '" + std::string{text} + "' is not a number from " +
                                     std::to_string(low) + " to " + std::to_string(high)};
  return value;
}

bool is_name(std::string_view text) noexcept {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c); };
  return !text.empty() && text.size() <= 63 && plain(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

void require_name(std::string_view text, std::string_view what) {
  if (!is_name(text))
    throw Error{Errc::bad_input, std::string{what} + ": '" + std::string{text} +
                                     "' is not a name (lower-case letters, digits, '.', '_', '-'; at most 63)"};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

Version Version::parse(std::string_view text) {
  const auto parts = split(text, '.');
  if (parts.size() != 3) throw bad(text, "a version like 1.4.0");
  const auto number = [&](std::size_t i) {
    return static_cast<std::uint16_t>(parse_number(parts[i], "version " + std::string{text}, 0, 65535));
  };
  return {number(0), number(1), number(2)};
}

std::string Version::text() const {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

MacAddress MacAddress::parse(std::string_view text) {
  std::string digits;
  if (text.size() == 17) {
    const char separator = text[2];
    if (separator != ':' && separator != '-') throw bad(text, "a MAC address like 00:00:5e:00:53:01");
    for (const auto pair : split(text, separator)) {
      if (pair.size() != 2) throw bad(text, "a MAC address like 00:00:5e:00:53:01");
      digits += pair;
    }
  } else {
    digits = text;
  }
  if (digits.size() != 12) throw bad(text, "a MAC address like 00:00:5e:00:53:01");
  std::uint64_t value = 0;
  for (const auto b : in_context("MAC address", [&] { return from_hex(digits); })) value = value << 8 | b;
  return from_number(value);
}

MacAddress MacAddress::from_number(std::uint64_t value) {
  constexpr std::uint64_t group_bit = 1ULL << 40;
  if (value == 0 || value >> 48 != 0 || (value & group_bit) != 0)
    throw Error{Errc::bad_input, "a MAC address of one device is neither zero nor a group address"};
  return MacAddress{value};
}

std::string MacAddress::text() const {
  std::array<char, 18> text{};
  std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", static_cast<unsigned>(value_ >> 40 & 0xFF),
                static_cast<unsigned>(value_ >> 32 & 0xFF), static_cast<unsigned>(value_ >> 24 & 0xFF),
                static_cast<unsigned>(value_ >> 16 & 0xFF), static_cast<unsigned>(value_ >> 8 & 0xFF),
                static_cast<unsigned>(value_ & 0xFF));
  return text.data();
}

std::string MacAddress::eui64() const {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%06XFFFE%06X", static_cast<unsigned>(value_ >> 24),
                static_cast<unsigned>(value_ & 0xFFFFFF));
  return text.data();
}

}  // namespace lamp
