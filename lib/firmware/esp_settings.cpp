#include "lib/firmware/esp_settings.hpp"

#include <charconv>
#include <string_view>

#include "lib/config/yaml.hpp"

namespace lamp::firmware {
namespace {

constexpr std::uint32_t kSector = 4096;  // what the flash erases at once
constexpr std::uint32_t kMostFlash = 1U << 24;
constexpr std::uint64_t kLastKeyBlock = 5;
/// Chips whose ECDSA peripheral takes its key from an eFuse, and with whose virtual fuses this was tried.
constexpr std::string_view kChip = "esp32h2";

std::uint32_t address(const config::Node& node) {
  const auto text = node.text();
  std::uint32_t value = 0;
  const auto* end = text.data() + text.size();
  const bool is_hexadecimal = text.starts_with("0x") && text.size() > 2;
  const auto [stop, error] = std::from_chars(text.data() + (is_hexadecimal ? 2 : 0), end, value, 16);
  if (!is_hexadecimal || error != std::errc{} || stop != end) node.refuse("expected an address like 0x3f0000");
  return value;
}

void require_sectors(const config::Node& node, std::uint32_t value) {
  if (value % kSector != 0) node.refuse("expected whole sectors of 4096 bytes");
}

}  // namespace

EspSettings EspSettings::read(const config::Node& node) {
  node.only({"chip", "key-block", "block-address", "block-size"});
  EspSettings settings;
  settings.chip = node.at("chip").text();
  if (settings.chip != kChip) node.at("chip").refuse("expected a chip that signs with a key in its eFuses: esp32h2");
  settings.key_block = static_cast<std::uint32_t>(node.at("key-block").number(0, kLastKeyBlock));
  settings.block_address = address(node.at("block-address"));
  require_sectors(node.at("block-address"), settings.block_address);
  settings.block_size = static_cast<std::uint32_t>(node.at("block-size").number(kSector, kMostFlash));
  require_sectors(node.at("block-size"), settings.block_size);
  if (settings.block_address > kMostFlash - settings.block_size)
    node.at("block-address").refuse("outside the 16 MiB that a chip can have");
  return settings;
}

cbor::Writer EspSettings::encoded() const {
  cbor::Writer out;
  out.array(4).text(chip).unsigned_integer(key_block).unsigned_integer(block_address).unsigned_integer(block_size);
  return out;
}

}  // namespace lamp::firmware
