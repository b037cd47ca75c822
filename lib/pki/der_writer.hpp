// DER writing (X.690 section 10). Botan's encoder keeps every nested value in locked memory of its own, for keys' sake;
// what an authority writes is public, and written a dozen values to a certificate.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "lib/base/bytes.hpp"
#include "lib/pki/der.hpp"

namespace lamp::pki::der {

/// Items in a row, some of them nested.
class Writer {
 public:
  /// Until the matching end(), what is written is the content of an item with this tag.
  Writer& begin(std::uint8_t tag);
  Writer& end();
  Writer& add(std::uint8_t tag, ByteView content);
  Writer& add(std::uint8_t tag, std::string_view text) { return add(tag, as_bytes(text)); }
  /// Items that are encoded already.
  Writer& raw(ByteView items);
  /// Throws Error{internal} for what is no dotted object identifier.
  Writer& object_id(std::string_view dotted);
  Writer& integer(std::uint64_t number);
  Writer& boolean(bool value);
  Writer& bit_string(ByteView octets);  ///< all of whose bits count
  Writer& null() { return add(kNull, ByteView{}); }

  /// What was written. Throws Error{internal} when an item was begun and not ended.
  [[nodiscard]] Bytes take();

 private:
  static constexpr std::size_t kDeepest = 16;
  Bytes out_;
  std::array<std::size_t, kDeepest> begun_{};  ///< where the contents of the items around begin
  std::size_t depth_ = 0;
};

}  // namespace lamp::pki::der
