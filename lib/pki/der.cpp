#include "lib/pki/der.hpp"

#include <array>
#include <charconv>

#include "lib/base/error.hpp"

namespace lamp::pki::der {
namespace {

[[noreturn]] void refuse(std::string_view what, std::string_view why) {
  throw Error{Errc::bad_input, std::string{what} + ": " + std::string{why}};
}

/// Length octets after the tag (X.690 section 10.1): definite and as short as possible.
std::size_t length_octets(ByteView left, std::size_t& length, std::string_view what) {
  if (left.size() < 2) refuse(what, "cut off");
  if (left[1] < 0x80) {
    length = left[1];
    return 1;
  }
  const std::size_t count = left[1] & 0x7FU;
  if (count == 0 || count > 4) refuse(what, "indefinite or absurd length");
  if (left.size() < 2 + count) refuse(what, "cut off");
  length = 0;
  for (std::size_t i = 0; i < count; ++i) length = length << 8 | left[2 + i];
  if (length < 0x80 || left[2] == 0) refuse(what, "length not in its shortest form");
  return 1 + count;
}

}  // namespace

Item Reader::next(std::string_view what) {
  if (left_.empty()) refuse(what, "missing");
  if ((left_.front() & 0x1FU) == 0x1FU) refuse(what, "tag number above 30");
  std::size_t length = 0;
  const std::size_t head = 1 + length_octets(left_, length, what);
  if (length > left_.size() - head) refuse(what, "cut off");
  const Item item{left_.front(), left_.subspan(head, length), left_.first(head + length)};
  left_ = left_.subspan(head + length);
  return item;
}

Item Reader::next(std::uint8_t tag, std::string_view what) {
  if (left_.empty()) refuse(what, "missing");
  if (left_.front() != tag)
    refuse(what, "tag " + hex(left_.first(1)) + " where " + hex(ByteView{&tag, 1}) + " is expected");
  return next(what);
}

std::optional<Item> Reader::next_if(std::uint8_t tag, std::string_view what) {
  if (peek() != tag) return std::nullopt;
  return next(what);
}

void Reader::end(std::string_view what) const {
  if (!left_.empty()) refuse(what, "more bytes after its end");
}

std::string object_id(ByteView content) {
  if (content.empty() || (content.back() & 0x80U) != 0) refuse("object identifier", "cut off");
  std::string text;
  text.reserve(3 * content.size() + 1);
  // Reading a certificate means reading some twenty of these.
  const auto append_arc = [&](std::uint64_t arc) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), arc).ptr;
    if (!text.empty()) text += '.';
    text.append(digits.data(), end);
  };
  std::uint64_t arc = 0;
  bool start = true;
  for (const auto octet : content) {
    if (start && octet == 0x80) refuse("object identifier", "arc not in its shortest form");
    if (arc > (UINT64_MAX >> 8)) refuse("object identifier", "arc too large");
    arc = arc << 7 | (octet & 0x7FU);
    start = (octet & 0x80U) == 0;
    if (!start) continue;
    if (text.empty()) {
      const std::uint64_t root = arc < 80 ? arc / 40 : 2;
      append_arc(root);
      arc -= root * 40;
    }
    append_arc(arc);
    arc = 0;
  }
  return text;
}

bool boolean(ByteView content) {
  if (content.size() != 1 || (content[0] != 0x00 && content[0] != 0xFF)) refuse("BOOLEAN", "neither 00 nor FF");
  return content[0] == 0xFF;
}

void require_integer(ByteView content, std::string_view what) {
  if (content.empty()) refuse(what, "empty INTEGER");
  if (content.size() == 1) return;
  const bool sign = (content[1] & 0x80U) != 0;
  if ((content[0] == 0x00 && !sign) || (content[0] == 0xFF && sign)) refuse(what, "INTEGER not in its shortest form");
}

std::uint64_t small_integer(ByteView content, std::string_view what) {
  require_integer(content, what);
  if ((content[0] & 0x80U) != 0 || content.size() > 5) refuse(what, "INTEGER out of range");
  std::uint64_t value = 0;
  for (const auto octet : content) value = value << 8 | octet;
  return value;
}

}  // namespace lamp::pki::der
