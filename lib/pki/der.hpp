// Strict DER reading (X.690 section 10): what has two encodings is refused, so that a signature over bytes is a
// signature over values. Botan's decoder reads BER; a linter must not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"

namespace lamp::pki::der {

enum Tag : std::uint8_t {
  kBoolean = 0x01,
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kNull = 0x05,
  kObjectId = 0x06,
  kEnumerated = 0x0A,
  kUtf8String = 0x0C,
  kPrintableString = 0x13,
  kIa5String = 0x16,
  kUtcTime = 0x17,
  kGeneralizedTime = 0x18,
  kSequence = 0x30,
  kSet = 0x31,
};

/// Context-specific tags, [number].
[[nodiscard]] constexpr std::uint8_t context(unsigned number) noexcept {
  return static_cast<std::uint8_t>(0x80U | number);
}
[[nodiscard]] constexpr std::uint8_t constructed_context(unsigned number) noexcept {
  return static_cast<std::uint8_t>(0xA0U | number);
}

struct Item {
  std::uint8_t tag = 0;
  ByteView content;
  ByteView whole;  ///< with tag and length
};

/// A cursor over items in a row. Throws Error{bad_input} naming what was read; views live as long as the input.
class Reader {
 public:
  explicit Reader(ByteView input) noexcept : left_{input} {}
  [[nodiscard]] bool at_end() const noexcept { return left_.empty(); }
  /// The next item's tag, or 0 at the end.
  [[nodiscard]] std::uint8_t peek() const noexcept { return left_.empty() ? std::uint8_t{0} : left_.front(); }
  Item next(std::string_view what);
  Item next(std::uint8_t tag, std::string_view what);
  std::optional<Item> next_if(std::uint8_t tag, std::string_view what);
  /// Goes into a SEQUENCE or other constructed item.
  Reader enter(std::uint8_t tag, std::string_view what) { return Reader{next(tag, what).content}; }
  void end(std::string_view what) const;  ///< throws unless at_end()

 private:
  ByteView left_;
};

/// Contents of single items. All throw Error{bad_input}.
[[nodiscard]] std::string object_id(ByteView content);                               ///< dotted
[[nodiscard]] bool boolean(ByteView content);                                        ///< FF or 00 only
void require_integer(ByteView content, std::string_view what);                       ///< shortest form
[[nodiscard]] std::uint64_t small_integer(ByteView content, std::string_view what);  ///< not negative, fits 32 bits

}  // namespace lamp::pki::der
