// Sealing a secret to the holder of a P-256 key: COSE_Encrypt (RFC 9052 section 5.1) with one recipient by
// ECDH-ES + HKDF-256 (-25) and AES-256-GCM (3). Used for officers' shares, escrow records, content keys at rest and
// what crosses the cable to a device. And under a key that both sides have: COSE_Encrypt0.
#pragma once

#include <string_view>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"

namespace Botan {
class Public_Key;
class Private_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::crypto {

/// One side of a key agreement on P-256: a token's key, or a software key on a device.
class AgreementKey {
 public:
  virtual ~AgreementKey() = default;
  /// SubjectPublicKeyInfo's point, 65 bytes, uncompressed.
  [[nodiscard]] virtual Bytes public_point() const = 0;
  /// The x coordinate of the shared point, 32 bytes. The peer's point has been checked to be on the curve.
  /// Throws Error{unavailable} when the token does not answer.
  [[nodiscard]] virtual SecureBytes agree(ByteView peer_point) = 0;
};

/// An AgreementKey over a Botan ECDH private key; does not own it.
class SoftwareAgreementKey final : public AgreementKey {
 public:
  SoftwareAgreementKey(const Botan::Private_Key& key, Botan::RandomNumberGenerator& rng) : key_{key}, rng_{rng} {}
  [[nodiscard]] Bytes public_point() const override;
  [[nodiscard]] SecureBytes agree(ByteView peer_point) override;

 private:
  const Botan::Private_Key& key_;
  Botan::RandomNumberGenerator& rng_;
};

/// Throws Error{bad_input} unless `point` is 65 bytes, uncompressed, on P-256 and not the point at infinity.
void require_p256_point(ByteView point);

/// Seals `secret` to the holder of `recipient_point`. `context` says what it is and binds it: it is part of the key
/// derivation and of the authenticated data, so a box made for one context opens in no other.
[[nodiscard]] Bytes seal(ByteView secret, ByteView recipient_point, ByteView context,
                         Botan::RandomNumberGenerator& rng);

/// Opens what seal() made. Throws Error{denied} when the box was made for another key or context, or was altered;
/// Error{bad_input} when it is no box at all.
[[nodiscard]] SecureBytes open_sealed(ByteView box, AgreementKey& key, ByteView context);

/// Seals `secret` under a 256-bit key that seals nothing else: COSE_Encrypt0 (RFC 9052 section 5.2) by AES-256-GCM.
/// `context` binds it as above. Throws Error{bad_input} for a key of another length.
[[nodiscard]] Bytes seal_under(const SymmetricKey& key, ByteView secret, ByteView context,
                               Botan::RandomNumberGenerator& rng);
/// Throws as open_sealed().
[[nodiscard]] SecureBytes open_under(const SymmetricKey& key, ByteView box, ByteView context);

}  // namespace lamp::crypto
