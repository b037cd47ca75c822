#include "lib/firmware/revoked_keys.hpp"

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/suit.hpp"

namespace lamp::firmware {

void RevokedKeys::add(const KeyId& id) {
  auto* const end = ids_.data() + count_;
  auto* const at = std::lower_bound(ids_.data(), end, id);
  if (at != end && *at == id) return;
  if (count_ == ids_.size()) throw Error{Errc::bad_input, "more revoked keys than one release takes"};
  std::move_backward(at, end, end + 1);
  *at = id;
  ++count_;
}

bool RevokedKeys::contains(ByteView id) const noexcept {
  return std::ranges::any_of(ids(), [&](const KeyId& one) { return std::ranges::equal(one, id); });
}

Bytes RevokedKeys::encode() const {
  cbor::Writer out;
  out.array(count_);
  for (const auto& id : ids()) out.bytes(id);
  return std::move(out).encoded();
}

RevokedKeys RevokedKeys::parse(ByteView encoded) {
  RevokedKeys out;
  cbor::Reader reader{encoded};
  const auto count = reader.array();
  if (count == 0 || count > kMaxRevokedKeys) throw Error{Errc::bad_input, "revoked keys: none, or too many"};
  for (; out.count_ < count; ++out.count_) {
    const auto id = reader.bytes();
    auto& place = out.ids_[out.count_];
    if (id.size() != place.size()) throw Error{Errc::bad_input, "a revoked key's id that is not 32 bytes"};
    std::ranges::copy(id, place.begin());
    if (out.count_ > 0 && out.ids_[out.count_ - 1] >= place)
      throw Error{Errc::bad_input, "revoked keys repeated or out of order"};
  }
  reader.end();
  return out;
}

void require_signers_kept(const Envelope& envelope, const RevokedKeys& revoked) {
  for (const auto block : envelope.blocks())
    if (revoked.contains(cose::parse_sign1(block).kid))
      throw Error{Errc::bad_input, "a release that revokes a key that signed it"};
}

}  // namespace lamp::firmware
