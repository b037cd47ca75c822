#include "lib/firmware/images/recognise.hpp"

#include <algorithm>
#include <array>

#include "lib/firmware/images/little_endian.hpp"
#include "lib/firmware/images/mcuboot.hpp"
#include "lib/firmware/images/zigbee_ota.hpp"

namespace lamp::firmware {
namespace {

constexpr std::array<std::uint8_t, 2> kSuitTag{0xD8, 0x6B};  // CBOR tag 107
constexpr std::string_view kCpio = "07070";

}  // namespace

std::string_view name_of(FileKind kind) noexcept {
  switch (kind) {
    case FileKind::unknown: return "unknown";
    case FileKind::suit: return "suit";
    case FileKind::mcuboot: return "mcuboot";
    case FileKind::zigbee: return "zigbee";
    case FileKind::swu: return "swu";
  }
  return "unknown";
}

FileKind kind_of(const Input& file) {
  const auto bytes = file.bytes(0, static_cast<std::size_t>(std::min<std::uint64_t>(6, file.size())));
  const ByteView start{bytes};
  if (start.size() < 4) return FileKind::unknown;
  if (std::ranges::equal(start.first(2), kSuitTag)) return FileKind::suit;
  if (little_endian<std::uint32_t>(start) == mcuboot::kMagic) return FileKind::mcuboot;
  if (little_endian<std::uint32_t>(start) == zigbee::kMagic) return FileKind::zigbee;
  return lamp::to_text(start).starts_with(kCpio) ? FileKind::swu : FileKind::unknown;
}

}  // namespace lamp::firmware
