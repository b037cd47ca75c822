// Zigbee OTA upgrade files (Zigbee Cluster Library, chapter 11): a header and elements. lamp-images(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/firmware/images/finding.hpp"
#include "lib/firmware/images/input.hpp"

namespace lamp::firmware::zigbee {

inline constexpr std::uint32_t kMagic = 0x0BEEF11E;

enum Tag : std::uint16_t {
  upgrade_image = 0,
  signature_suite_1 = 1,
  certificate_suite_1 = 2,
  integrity_code = 3,
  picture = 4,
  signature_suite_2 = 5,
  certificate_suite_2 = 6,
  first_of_vendors = 0xF000,
};

struct Header {
  std::uint16_t manufacturer = 0;
  std::uint16_t image_type = 0;
  std::uint32_t file_version = 0;
  std::uint16_t stack_version = 2;  ///< 2: Zigbee PRO
  std::string text;                 ///< at most 32 bytes
  std::optional<std::uint8_t> credential_version;
  std::optional<std::uint64_t> destination;                         ///< EUI-64 of the one device that it is for
  std::optional<std::pair<std::uint16_t, std::uint16_t>> hardware;  ///< lowest and highest; version, then revision
  [[nodiscard]] std::size_t size() const noexcept;
};

struct Element {
  std::uint64_t offset = 0;  ///< of its tag in the file
  std::uint16_t tag = 0;
  std::uint32_t length = 0;
  [[nodiscard]] std::uint64_t data() const noexcept { return offset + 6; }
};

struct File {
  Header header;
  std::vector<Element> elements;
  [[nodiscard]] const Element* find(std::uint16_t tag) const noexcept;
};

[[nodiscard]] Reading<File> read(const Input& file);

/// How an integrity code was computed. Makers' tools differ; ours does as specified.
enum class Integrity {
  none,          ///< there is no code
  specified,     ///< over everything before its element
  short_length,  ///< the same with the length cut to 16 bits in the hash's padding
  with_head,     ///< over the element's tag and length too
  wrong
};
[[nodiscard]] std::string_view name_of(Integrity integrity) noexcept;
[[nodiscard]] Integrity check_integrity(const Input& file, const File& read);

/// What is wrong with a file whose structure was read: its integrity code.
[[nodiscard]] Findings verify(const Input& file, const File& read);

struct ElementSource {
  std::uint16_t tag;
  const Input& data;
};
enum class WithIntegrity { no, yes };

/// Throws Error{bad_input} for what the reader would refuse.
void write(const Header& header, const std::vector<ElementSource>& elements, WithIntegrity integrity, ByteSink& to);

}  // namespace lamp::firmware::zigbee
