// Release keys that a release tells devices to believe no longer: a private parameter of its manifest. lamp-release(5).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "lib/base/bytes.hpp"

namespace lamp::firmware {

struct Envelope;

using KeyId = std::array<std::uint8_t, 32>;  ///< SHA-256 of a key's SubjectPublicKeyInfo
inline constexpr std::size_t kMaxRevokedKeys = 8;

/// Key ids, ascending, none twice. No allocation: a device holds it as it is.
class RevokedKeys {
 public:
  /// Throws Error{bad_input} when it is full. A key that is there already changes nothing.
  void add(const KeyId& id);
  [[nodiscard]] bool contains(ByteView id) const noexcept;
  [[nodiscard]] std::span<const KeyId> ids() const noexcept { return std::span{ids_}.first(count_); }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

  /// An array of byte strings in deterministic CBOR.
  [[nodiscard]] Bytes encode() const;
  /// Strict: one to eight ids in ascending order. Throws Error{bad_input}.
  [[nodiscard]] static RevokedKeys parse(ByteView encoded);

 private:
  std::array<KeyId, kMaxRevokedKeys> ids_{};
  std::size_t count_ = 0;
};

/// Throws Error{bad_input} when one of the envelope's signatures is by a key that it revokes: such a release would lock
/// its own successors out.
void require_signers_kept(const Envelope& envelope, const RevokedKeys& revoked);

}  // namespace lamp::firmware
