// CBOR (RFC 8949) in its deterministic encoding (section 4.2.1) only: shortest heads, definite lengths, map keys in
// bytewise order, no floats. What is not deterministic is refused on reading, so that every value has one encoding and
// a signature over bytes is a signature over values.
//
// Reader neither allocates nor copies: the device-side updater uses it as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"

namespace lamp::cbor {

enum class Type : std::uint8_t { unsigned_int, negative_int, bytes, text, array, map, tag, simple };

/// Appends items. Map entries must be added in deterministic key order; `MapWriter` sorts for you.
template <class Out>
class BasicWriter {
 public:
  BasicWriter& integer(std::int64_t value);
  BasicWriter& unsigned_integer(std::uint64_t value);
  BasicWriter& bytes(ByteView value);
  BasicWriter& bytes_head(std::uint64_t size);  ///< head only; so many bytes follow, perhaps elsewhere
  BasicWriter& text(std::string_view value);
  BasicWriter& boolean(bool value);
  BasicWriter& null();
  BasicWriter& array(std::uint64_t items);  ///< head only; the items follow
  BasicWriter& map(std::uint64_t entries);  ///< head only; keys and values follow, in order
  BasicWriter& tag(std::uint64_t number);   ///< the tagged item follows
  BasicWriter& raw(ByteView encoded);       ///< one item that is encoded already
  [[nodiscard]] const Out& encoded() const& noexcept { return out_; }
  [[nodiscard]] Out encoded() && noexcept { return std::move(out_); }

 private:
  void head(std::uint8_t major, std::uint64_t argument);
  Out out_;
};
extern template class BasicWriter<Bytes>;
extern template class BasicWriter<SecureBytes>;
using Writer = BasicWriter<Bytes>;
using SecureWriter = BasicWriter<SecureBytes>;  ///< for what holds secrets: its buffer is zeroed when released

/// One item by itself, as MapWriter::add() takes it.
[[nodiscard]] inline Writer number_item(std::uint64_t value) { return std::move(Writer{}.unsigned_integer(value)); }
[[nodiscard]] inline Writer text_item(std::string_view value) { return std::move(Writer{}.text(value)); }
[[nodiscard]] inline Writer bytes_item(ByteView value) { return std::move(Writer{}.bytes(value)); }

/// Collects entries in any order and writes them in deterministic order. Throws Error{internal} on a repeated key.
class MapWriter {
 public:
  MapWriter& add(std::int64_t key, Writer value);
  MapWriter& add(std::string_view key, Writer value);
  [[nodiscard]] Bytes encoded() const;
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

 private:
  MapWriter& add_encoded(Bytes key, Bytes value);
  std::vector<std::pair<Bytes, Bytes>> entries_;
};

/// A cursor over one or more encoded items. Every call throws Error{bad_input} naming the offset when the bytes are not
/// deterministic CBOR of the kind asked for; the cursor does not move then. Views live as long as the input does.
class Reader {
 public:
  explicit Reader(ByteView input) noexcept : input_{input} {}

  [[nodiscard]] bool at_end() const noexcept { return offset_ == input_.size(); }
  [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
  [[nodiscard]] Type peek() const;

  [[nodiscard]] std::int64_t integer();
  [[nodiscard]] std::uint64_t unsigned_integer();
  [[nodiscard]] ByteView bytes();
  /// The head of a byte string alone: its size, which may be more than there is here. The cursor is at its content
  /// then.
  [[nodiscard]] std::uint64_t bytes_head();
  [[nodiscard]] std::string_view text();  ///< valid UTF-8
  [[nodiscard]] bool boolean();
  [[nodiscard]] bool null();  ///< true and consumed when the next item is null, false and not consumed otherwise
  [[nodiscard]] std::uint64_t array();
  void array(std::uint64_t exactly);
  [[nodiscard]] std::uint64_t map();
  [[nodiscard]] std::uint64_t tag();
  void tag(std::uint64_t exactly);

  /// The next whole item, checked for determinism at every depth (at most 16), as its encoded bytes.
  [[nodiscard]] ByteView item();
  void end() const;  ///< throws unless at_end()

 private:
  struct Head {
    std::uint8_t major;
    std::uint64_t argument;
    std::size_t length;
  };
  [[nodiscard]] Head head_at(std::size_t offset) const;
  [[nodiscard]] Head expect(std::uint8_t major, const char* what) const;
  [[nodiscard]] std::size_t skip(std::size_t offset, unsigned depth) const;

  ByteView input_;
  std::size_t offset_ = 0;
};

/// Finds a map's value by integer or text key: `find(map_item, 4)` gives the encoded value, or nothing.
/// Throws Error{bad_input} when `map_item` is not one deterministic map (keys sorted, none repeated).
[[nodiscard]] std::optional<ByteView> find(ByteView map_item, std::int64_t key);
[[nodiscard]] std::optional<ByteView> find(ByteView map_item, std::string_view key);

/// Diagnostic notation (RFC 8949 section 8) of one item, byte strings in hex, for `inspect` and test messages.
[[nodiscard]] std::string diagnostic(ByteView item);

}  // namespace lamp::cbor
