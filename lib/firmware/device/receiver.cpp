#include "lib/firmware/device/receiver.hpp"

#include <algorithm>

#include "lib/base/error.hpp"

namespace lamp::firmware::device {
namespace {

// Tag 107 (2 bytes), the map, and the key of the wrapper; then a byte string, the key of the manifest, and another.
constexpr std::uint64_t kMapAt = 2, kWrapperAt = 4, kKeySize = 1;
constexpr std::uint8_t kThreeMembers = 0xa3;
constexpr std::uint64_t kUriSize = 1 + kPayloadUri.size();

/// Moves `at` behind the head of the string there, and says how long the string is; nothing when more is wanted, `at`
/// then being how much.
std::optional<std::uint64_t> string_at(ByteView start, std::uint64_t& at) noexcept {
  if (start.size() <= at) {
    ++at;
    return std::nullopt;
  }
  const unsigned info = start[static_cast<std::size_t>(at)] & 0x1fU;
  const std::uint64_t width = info < 24 || info > 27 ? 0 : std::uint64_t{1} << (info - 24);
  const auto number = at + 1;
  at = number + width;
  if (start.size() < at) return std::nullopt;
  std::uint64_t length = width == 0 ? info : 0;
  for (auto i = number; i < at; ++i) length = length << 8U | start[static_cast<std::size_t>(i)];
  return std::min<std::uint64_t>(length, kMaxHeadSize);  // longer is refused in any case, and cannot overflow so
}

}  // namespace

std::uint64_t head_bytes_wanted(ByteView start) noexcept {
  auto at = kWrapperAt;
  const auto wrapper = string_at(start, at);
  if (!wrapper) return at;
  at += *wrapper + kKeySize;
  const auto manifest = string_at(start, at);
  if (!manifest) return at;
  at += *manifest;
  if (start[kMapAt] != kThreeMembers) return at;
  at += kUriSize;
  (void)string_at(start, at);
  return at;
}

Reason Receiver::collect(ByteView& piece) {
  for (auto wanted = head_bytes_wanted(buffer_.first(kept_)); wanted > kept_;
       wanted = head_bytes_wanted(buffer_.first(kept_))) {
    if (wanted > buffer_.size()) return Reason::head_too_large;
    const auto length = std::min<std::size_t>(static_cast<std::size_t>(wanted) - kept_, piece.size());
    if (length == 0) return Reason::none;
    std::copy_n(piece.begin(), length, buffer_.begin() + static_cast<std::ptrdiff_t>(kept_));
    kept_ += length;
    piece = piece.subspan(length);
  }
  return begin();
}

Reason Receiver::begin() {
  const auto parsed = attempt([&] { return parse_envelope_head(buffer_.first(kept_)); });
  if (const auto* error = std::get_if<Error>(&parsed)) return reason_of(*error);
  const auto& head = std::get<EnvelopeHead>(parsed);
  if (const auto reason = updater_.begin(head); reason != Reason::none) return reason;
  place_ = head.envelope.place;
  return Reason::none;
}

Reason Receiver::take(ByteView piece) {
  if (refused_ != Reason::none) return refused_;
  if (!place_)
    if (const auto reason = collect(piece); reason != Reason::none) return refuse(reason);
  if (piece.empty()) return Reason::none;
  if (place_ == PayloadPlace::detached) return refuse(Reason::malformed);  // data after the envelope
  return refuse(updater_.take(piece));
}

Reason Receiver::take_payload(ByteView piece) {
  if (refused_ != Reason::none) return refused_;
  if (place_ != PayloadPlace::detached) return refuse(Reason::not_begun);
  return refuse(updater_.take(piece));
}

Reason Receiver::finish() {
  if (refused_ != Reason::none) return refused_;
  if (!place_) return refuse(Reason::malformed);  // the envelope ends within its head
  const auto reason = updater_.finish();
  refused_ = reason == Reason::none ? Reason::not_begun : reason;
  return reason;
}

}  // namespace lamp::firmware::device
