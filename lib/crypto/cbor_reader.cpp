#include <algorithm>
#include <limits>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cbor_head.hpp"
#include "lib/crypto/utf8.hpp"

namespace lamp::cbor {
namespace {

constexpr unsigned kMaxDepth = 16;
constexpr std::uint64_t kMaxSigned = std::numeric_limits<std::int64_t>::max();
constexpr std::uint8_t kUnsigned = 0, kNegative = 1, kBytes = 2, kText = 3, kArray = 4, kMap = 5, kTag = 6, kSimple = 7;
constexpr std::uint64_t kFalse = 20, kTrue = 21, kNull = 22;

[[noreturn]] void refuse(std::size_t offset, const char* what) {
  throw Error{Errc::bad_input, "CBOR at byte " + std::to_string(offset) + ": " + what};
}

bool less_bytewise(ByteView a, ByteView b) noexcept {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

Reader::Head Reader::head_at(std::size_t offset) const {
  if (offset >= input_.size()) refuse(offset, "the data ends too early");
  const std::uint8_t initial = input_[offset];
  const auto major = static_cast<std::uint8_t>(initial >> 5U);
  const unsigned info = initial & 0x1fU;
  if (info < 24) {
    if (major == kSimple && (info < kFalse || info > kNull))
      refuse(offset, "a simple value other than false, true, null");
    return {major, info, 1};
  }
  if (major == kSimple) refuse(offset, "a floating-point number or reserved simple value");
  if (info > 27) refuse(offset, "an indefinite length or a reserved head");
  const std::size_t width = std::size_t{1} << (info - 24);
  if (input_.size() - offset - 1 < width) refuse(offset, "the data ends too early");
  std::uint64_t argument = 0;
  for (std::size_t i = 1; i <= width; ++i) argument = argument << 8U | input_[offset + i];
  const bool shortest = width == 1 ? argument >= 24 : argument >> (4 * width) != 0;
  if (!shortest) refuse(offset, "a number that is not in its shortest form");
  if (major == kNegative && argument > kMaxSigned) refuse(offset, "an integer out of range");
  return {major, argument, 1 + width};
}

Reader::Head Reader::expect(std::uint8_t major, const char* what) const {
  const Head head = head_at(offset_);
  if (head.major != major) refuse(offset_, what);
  if ((major == kBytes || major == kText) && head.argument > input_.size() - offset_ - head.length)
    refuse(offset_, "a string longer than the data");
  return head;
}

Type Reader::peek() const { return static_cast<Type>(head_at(offset_).major); }

std::int64_t Reader::integer() {
  const Head head = head_at(offset_);
  if (head.major > kNegative) refuse(offset_, "expected an integer");
  if (head.argument > kMaxSigned) refuse(offset_, "an integer out of range");
  offset_ += head.length;
  const auto magnitude = static_cast<std::int64_t>(head.argument);
  return head.major == kUnsigned ? magnitude : -1 - magnitude;
}

std::uint64_t Reader::unsigned_integer() {
  const Head head = expect(kUnsigned, "expected an unsigned integer");
  offset_ += head.length;
  return head.argument;
}

ByteView Reader::bytes() {
  const Head head = expect(kBytes, "expected a byte string");
  const auto content = input_.subspan(offset_ + head.length, static_cast<std::size_t>(head.argument));
  offset_ += head.length + content.size();
  return content;
}

std::uint64_t Reader::bytes_head() {
  const Head head = head_at(offset_);
  if (head.major != kBytes) refuse(offset_, "expected a byte string");
  offset_ += head.length;
  return head.argument;
}

std::string_view Reader::text() {
  const Head head = expect(kText, "expected a text string");
  const auto content = input_.subspan(offset_ + head.length, static_cast<std::size_t>(head.argument));
  if (!is_utf8(content)) refuse(offset_, "a text string that is not UTF-8");
  offset_ += head.length + content.size();
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

bool Reader::boolean() {
  const Head head = expect(kSimple, "expected true or false");
  if (head.argument == kNull) refuse(offset_, "expected true or false");
  offset_ += head.length;
  return head.argument == kTrue;
}

bool Reader::null() {
  const Head head = head_at(offset_);
  if (head.major != kSimple || head.argument != kNull) return false;
  offset_ += head.length;
  return true;
}

std::uint64_t Reader::array() {
  const Head head = expect(kArray, "expected an array");
  offset_ += head.length;
  return head.argument;
}

void Reader::array(std::uint64_t exactly) {
  const Head head = expect(kArray, "expected an array");
  if (head.argument != exactly) refuse(offset_, "an array of the wrong length");
  offset_ += head.length;
}

std::uint64_t Reader::map() {
  const Head head = expect(kMap, "expected a map");
  offset_ += head.length;
  return head.argument;
}

std::uint64_t Reader::tag() {
  const Head head = expect(kTag, "expected a tag");
  offset_ += head.length;
  return head.argument;
}

void Reader::tag(std::uint64_t exactly) {
  const Head head = expect(kTag, "expected a tag");
  if (head.argument != exactly) refuse(offset_, "another tag than expected");
  offset_ += head.length;
}

ByteView Reader::item() {
  const std::size_t begin = offset_;
  offset_ = skip(begin, kMaxDepth);
  return input_.subspan(begin, offset_ - begin);
}

void Reader::end() const {
  if (!at_end()) refuse(offset_, "unexpected data after the end");
}

std::size_t Reader::skip(std::size_t offset, unsigned depth) const {
  const Head head = head_at(offset);
  std::size_t next = offset + head.length;
  if (head.major == kUnsigned || head.major == kNegative || head.major == kSimple) return next;
  if (head.major == kBytes || head.major == kText) {
    if (head.argument > input_.size() - next) refuse(offset, "a string longer than the data");
    const auto length = static_cast<std::size_t>(head.argument);
    if (head.major == kText && !is_utf8(input_.subspan(next, length)))
      refuse(offset, "a text string that is not UTF-8");
    return next + length;
  }
  if (depth == 0) refuse(offset, "items nested too deeply");
  if (head.major == kTag) return skip(next, depth - 1);
  ByteView previous;
  for (std::uint64_t i = 0; i < head.argument; ++i) {
    const std::size_t begin = next;
    next = skip(begin, depth - 1);
    if (head.major != kMap) continue;
    const auto key = input_.subspan(begin, next - begin);
    if (i > 0 && !less_bytewise(previous, key)) refuse(begin, "a map key repeated or out of order");
    previous = key;
    next = skip(next, depth - 1);
  }
  return next;
}

namespace {

/// Finds the value of the key that is `start` followed by `rest`.
std::optional<ByteView> find_encoded(ByteView map_item, ByteView start, ByteView rest) {
  Reader whole{map_item};
  (void)whole.item();  // the order of keys, and determinism at every depth
  whole.end();
  Reader reader{map_item};
  std::optional<ByteView> found;
  for (auto left = reader.map(); left > 0; --left) {
    const auto key = reader.item();
    const auto value = reader.item();
    if (key.size() == start.size() + rest.size() && std::equal(start.begin(), start.end(), key.begin()) &&
        std::equal(rest.begin(), rest.end(), key.end() - static_cast<std::ptrdiff_t>(rest.size())))
      found = value;
  }
  return found;
}

}  // namespace

std::optional<ByteView> find(ByteView map_item, std::int64_t key) {
  std::array<std::uint8_t, 9> buffer{};
  const auto head = key < 0 ? encode_head(kNegative, static_cast<std::uint64_t>(-(key + 1)), buffer)
                            : encode_head(kUnsigned, static_cast<std::uint64_t>(key), buffer);
  return find_encoded(map_item, head, {});
}

std::optional<ByteView> find(ByteView map_item, std::string_view key) {
  std::array<std::uint8_t, 9> buffer{};
  return find_encoded(map_item, encode_head(kText, key.size(), buffer), as_bytes(key));
}

}  // namespace lamp::cbor
