#include "lib/pki/der_writer.hpp"

#include <charconv>

#include "lib/base/error.hpp"

namespace lamp::pki::der {
namespace {

struct Octets {
  std::array<std::uint8_t, 10> octets{};
  std::size_t from = octets.size();
  void put_before(std::uint64_t octet) { octets.at(--from) = static_cast<std::uint8_t>(octet); }
  [[nodiscard]] ByteView view() const { return ByteView{octets}.subspan(from); }
};

/// X.690 section 10.1: as short as can be.
Octets length_octets(std::size_t length) {
  Octets head;
  for (auto left = length; left > 0 || head.view().empty(); left >>= 8U) head.put_before(left);
  const auto count = head.view().size();
  if (length >= 0x80) head.put_before(0x80U | count);
  return head;
}

/// X.690 section 8.19.2: seven bits an octet, the last with its first bit clear.
Octets arc_octets(std::uint64_t arc) {
  Octets octets;
  octets.put_before(arc & 0x7FU);
  for (arc >>= 7U; arc > 0; arc >>= 7U) octets.put_before(0x80U | (arc & 0x7FU));
  return octets;
}

/// Takes an arc, and the dot before it, off the text.
std::uint64_t next_arc(std::string_view& text, std::string_view whole) {
  if (text.size() < whole.size()) text.remove_prefix(1);  // the dot
  std::uint64_t arc = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), arc);
  if (error != std::errc{} || (end != text.data() + text.size() && *end != '.'))
    throw Error{Errc::internal, "'" + std::string{whole} + "' is no object identifier"};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return arc;
}

}  // namespace

Writer& Writer::begin(std::uint8_t tag) {
  if (depth_ == kDeepest) throw Error{Errc::internal, "DER is nested too deeply"};
  out_.push_back(tag);
  out_.push_back(0);
  begun_.at(depth_++) = out_.size();
  return *this;
}

Writer& Writer::end() {
  if (depth_ == 0) throw Error{Errc::internal, "DER ends what never began"};
  const auto content = begun_.at(--depth_);
  const auto head = length_octets(out_.size() - content);
  const auto place = out_.begin() + static_cast<std::ptrdiff_t>(content);
  *(place - 1) = head.view().front();
  const auto rest = head.view().subspan(1);
  out_.insert(place, rest.begin(), rest.end());
  return *this;
}

Writer& Writer::add(std::uint8_t tag, ByteView content) {
  out_.push_back(tag);
  append(out_, length_octets(content.size()).view());
  append(out_, content);
  return *this;
}

Writer& Writer::raw(ByteView items) {
  append(out_, items);
  return *this;
}

Writer& Writer::object_id(std::string_view dotted) {
  auto left = dotted;
  const auto root = next_arc(left, dotted);
  if (root > 2 || left.empty()) throw Error{Errc::internal, "'" + std::string{dotted} + "' is no object identifier"};
  begin(kObjectId);
  append(out_, arc_octets(root * 40 + next_arc(left, dotted)).view());
  while (!left.empty()) append(out_, arc_octets(next_arc(left, dotted)).view());
  return end();
}

Writer& Writer::integer(std::uint64_t number) {
  Octets octets;
  for (; number > 0 || octets.view().empty(); number >>= 8U) octets.put_before(number & 0xFFU);
  if ((octets.view().front() & 0x80U) != 0) octets.put_before(0);
  return add(kInteger, octets.view());
}

Writer& Writer::boolean(bool value) {
  const std::uint8_t octet = value ? 0xFF : 0x00;
  return add(kBoolean, ByteView{&octet, 1});
}

Writer& Writer::bit_string(ByteView octets) {
  begin(kBitString);
  out_.push_back(0);
  return raw(octets).end();
}

Bytes Writer::take() {
  if (depth_ != 0) throw Error{Errc::internal, "DER that was begun was not ended"};
  return std::move(out_);
}

}  // namespace lamp::pki::der
