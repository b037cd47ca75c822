// Strict parsing of small texts: numbers, versions, names, hardware addresses.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lamp {

/// Decimal digits only, no sign, no leading zero, within [low, high]. `what` names the value in the error.
[[nodiscard]] std::uint64_t parse_number(std::string_view text, std::string_view what, std::uint64_t low,
                                         std::uint64_t high);

/// A name that is safe as a file name, token label and URL segment: [a-z0-9] then [a-z0-9._-], at most 63 characters.
[[nodiscard]] bool is_name(std::string_view text) noexcept;
/// Throws Error{bad_input} naming `what` unless is_name(text).
void require_name(std::string_view text, std::string_view what);

[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

/// Version MAJOR.MINOR.PATCH, each 0..65535.
struct Version {
  std::uint16_t major = 0, minor = 0, patch = 0;
  /// Throws Error{bad_input}.
  [[nodiscard]] static Version parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  auto operator<=>(const Version&) const = default;
};

/// A 48-bit IEEE 802 unicast address.
class MacAddress {
 public:
  /// 12 hex digits, or 6 pairs separated by ':' or '-'. Refuses group, all-zero and all-one addresses:
  /// Error{bad_input}.
  [[nodiscard]] static MacAddress parse(std::string_view text);
  [[nodiscard]] static MacAddress from_number(std::uint64_t value);
  [[nodiscard]] std::string text() const;  ///< 00:00:5e:00:53:01
  [[nodiscard]] std::uint64_t number() const noexcept { return value_; }
  /// EUI-64 with FF-FE in the middle and no bit flipped, as Zigbee labels carry it: 16 upper-case hex digits.
  [[nodiscard]] std::string eui64() const;
  auto operator<=>(const MacAddress&) const = default;

 private:
  explicit MacAddress(std::uint64_t value) noexcept : value_{value} {}
  std::uint64_t value_;
};

}  // namespace lamp
