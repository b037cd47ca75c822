#include "lib/firmware/dfuse_settings.hpp"

#include <charconv>
#include <string>

#include "lib/base/parse.hpp"
#include "lib/config/yaml.hpp"

namespace lamp::firmware {
namespace {

constexpr std::uint32_t kPageUnit = 8;  // bytes that a part programs at once

std::uint64_t hexadecimal(const config::Node& node, std::string_view digits, std::size_t most) {
  std::uint64_t value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, 16);
  if (digits.empty() || digits.size() > most || error != std::errc{} || stop != end)
    node.refuse("expected hexadecimal digits");
  return value;
}

std::uint32_t address(const config::Node& map, std::string_view key) {
  const auto node = map.at(key);
  const auto text = node.text();
  if (!text.starts_with("0x")) node.refuse("expected an address like 0x08000000");
  return static_cast<std::uint32_t>(hexadecimal(node, std::string_view{text}.substr(2), 8));
}

std::uint32_t size(const config::Node& map, std::string_view key) {
  const auto node = map.at(key);
  const auto value = node.number(1024, 1U << 26);
  if (value % kPageUnit != 0) node.refuse("expected whole pages");
  return static_cast<std::uint32_t>(value);
}

struct Span {
  std::uint64_t begin, end;
  [[nodiscard]] bool overlaps(const Span& other) const noexcept { return begin < other.end && other.begin < end; }
};

void check(const DfuseSettings& s, const config::Node& node) {
  const Span flash{s.flash, std::uint64_t{s.flash} + s.flash_size};
  const Span block{s.block_page, std::uint64_t{s.block_page} + s.block_size};
  const Span key{s.key_page, std::uint64_t{s.key_page} + kPageUnit};
  const auto inside = [&](const Span& place) { return place.begin >= flash.begin && place.end <= flash.end; };
  if (!inside(block)) node.at("block-page").refuse("outside the part's flash");
  if (!inside(key)) node.at("key-page").refuse("outside the part's flash");
  if (key.overlaps(block)) node.at("key-page").refuse("inside the pages of the credential block");
  if (s.application < flash.begin || s.application >= flash.end)
    node.at("application").refuse("outside the part's flash");
}

}  // namespace

DfuseSettings DfuseSettings::read(const config::Node& node) {
  node.only({"usb", "flash", "flash-size", "unique-id", "option-bytes", "key-page", "block-page", "block-size",
             "application"});
  DfuseSettings s;
  const auto usb = node.at("usb");
  const auto ids = usb.text();
  const auto parts = split(ids, ':');
  if (parts.size() != 2 || parts[0].size() != 4 || parts[1].size() != 4) usb.refuse("expected USB IDs like 0483:df11");
  s.vendor = static_cast<std::uint16_t>(hexadecimal(usb, parts[0], 4));
  s.product = static_cast<std::uint16_t>(hexadecimal(usb, parts[1], 4));
  s.flash = address(node, "flash");
  s.flash_size = size(node, "flash-size");
  s.unique_id = address(node, "unique-id");
  s.option_bytes = address(node, "option-bytes");
  s.key_page = address(node, "key-page");
  s.block_page = address(node, "block-page");
  s.block_size = size(node, "block-size");
  s.application = address(node, "application");
  check(s, node);
  return s;
}

cbor::Writer DfuseSettings::encoded() const {
  cbor::Writer out;
  out.array(10);
  for (const auto value : {std::uint32_t{vendor}, std::uint32_t{product}, flash, flash_size, unique_id, option_bytes,
                           key_page, block_page, block_size, application})
    out.unsigned_integer(value);
  return out;
}

}  // namespace lamp::firmware
