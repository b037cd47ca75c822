#include "lib/cloud/byte_range.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace lamp::cloud {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

ByteRange ByteRange::choose(std::string_view header, std::uint64_t size) {
  const ByteRange whole{Kind::whole, 0, size}, impossible{Kind::unsatisfiable, 0, 0};
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return whole;
  header.remove_prefix(kUnit.size());
  const auto dash = header.find('-');
  if (dash == std::string_view::npos) return whole;
  const auto low = number(header.substr(0, dash)), high = number(header.substr(dash + 1));
  if (dash == 0) {  // the last so many bytes
    if (!high) return whole;
    if (*high == 0 || size == 0) return impossible;
    const auto length = std::min(*high, size);
    return {Kind::part, size - length, length};
  }
  if (!low || (!high && dash + 1 != header.size()) || (high && *high < *low)) return whole;
  if (*low >= size) return impossible;
  return {Kind::part, *low, std::min(high.value_or(size - 1), size - 1) - *low + 1};
}

unsigned ByteRange::status() const noexcept {
  if (kind == Kind::whole) return 200;
  return kind == Kind::part ? 206 : 416;
}

std::string ByteRange::content_range(std::uint64_t size) const {
  const auto total = std::to_string(size);
  if (kind == Kind::unsatisfiable) return "bytes */" + total;
  return "bytes " + std::to_string(first) + "-" + std::to_string(first + length - 1) + "/" + total;
}

}  // namespace lamp::cloud
