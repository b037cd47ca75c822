#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cbor_head.hpp"

namespace lamp::cbor {

template <class Out>
void BasicWriter<Out>::head(std::uint8_t major, std::uint64_t argument) {
  std::array<std::uint8_t, 9> buffer{};
  raw(encode_head(major, argument, buffer));
}

template <class Out>
BasicWriter<Out>& BasicWriter<Out>::integer(std::int64_t value) {
  if (value >= 0)
    head(0, static_cast<std::uint64_t>(value));
  else
    head(1, static_cast<std::uint64_t>(-(value + 1)));
  return *this;
}

template <class Out>
BasicWriter<Out>& BasicWriter<Out>::unsigned_integer(std::uint64_t value) {
  head(0, value);
  return *this;
}

template <class Out>
BasicWriter<Out>& BasicWriter<Out>::bytes(ByteView value) {
  head(2, value.size());
  raw(value);
  return *this;
}

template <class Out>
BasicWriter<Out>& BasicWriter<Out>::bytes_head(std::uint64_t size) {
  head(2, size);
  return *this;
}

template <class Out>
BasicWriter<Out>& BasicWriter<Out>::text(std::string_view value) {
  head(3, value.size());
  raw(as_bytes(value));
  return *this;
}

template <class Out>
BasicWriter<Out>& BasicWriter<Out>::boolean(bool value) {
  out_.push_back(value ? 0xf5 : 0xf4);
  return *this;
}

template <class Out>
BasicWriter<Out>& BasicWriter<Out>::null() {
  out_.push_back(0xf6);
  return *this;
}

template <class Out>
BasicWriter<Out>& BasicWriter<Out>::array(std::uint64_t items) {
  head(4, items);
  return *this;
}

template <class Out>
BasicWriter<Out>& BasicWriter<Out>::map(std::uint64_t entries) {
  head(5, entries);
  return *this;
}

template <class Out>
BasicWriter<Out>& BasicWriter<Out>::tag(std::uint64_t number) {
  head(6, number);
  return *this;
}

template <class Out>
BasicWriter<Out>& BasicWriter<Out>::raw(ByteView encoded) {
  out_.insert(out_.end(), encoded.begin(), encoded.end());
  return *this;
}

template class BasicWriter<Bytes>;
template class BasicWriter<SecureBytes>;

MapWriter& MapWriter::add(std::int64_t key, Writer value) {
  return add_encoded(Writer{}.integer(key).encoded(), std::move(value).encoded());
}

MapWriter& MapWriter::add(std::string_view key, Writer value) {
  return add_encoded(Writer{}.text(key).encoded(), std::move(value).encoded());
}

MapWriter& MapWriter::add_encoded(Bytes key, Bytes value) {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), key,
                                   [](const auto& entry, const Bytes& wanted) { return entry.first < wanted; });
  if (at != entries_.end() && at->first == key) throw Error{Errc::internal, "repeated key in a CBOR map"};
  entries_.emplace(at, std::move(key), std::move(value));
  return *this;
}

Bytes MapWriter::encoded() const {
  Writer out;
  out.map(entries_.size());
  for (const auto& [key, value] : entries_) out.raw(key).raw(value);
  return std::move(out).encoded();
}

}  // namespace lamp::cbor
