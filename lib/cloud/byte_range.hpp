// The one range of a Range header (RFC 9110 section 14.2) that a download asks for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lamp::cloud {

struct ByteRange {
  enum class Kind { whole, part, unsatisfiable } kind = Kind::whole;
  std::uint64_t first = 0, length = 0;

  /// What is sent of `size` bytes. A header that is absent, malformed or asks for several ranges is answered in full.
  [[nodiscard]] static ByteRange choose(std::string_view header, std::uint64_t size);
  [[nodiscard]] unsigned status() const noexcept;
  [[nodiscard]] std::string content_range(std::uint64_t size) const;
};

}  // namespace lamp::cloud
