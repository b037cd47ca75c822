// ECDSA on P-256 with SHA-256, checked by OpenSSL: an authority checks two such signatures for each certificate that it
// issues, and OpenSSL's assembly takes half of the time that Botan takes.
#pragma once

#include <memory>
#include <optional>

#include "lib/base/bytes.hpp"

namespace Botan {
class Public_Key;
}

namespace lamp::crypto {

/// The public point, 65 bytes, uncompressed (SEC 1, 2.3.3), of an ECDSA key on P-256; nothing for any other key.
[[nodiscard]] std::optional<Bytes> p256_point(const Botan::Public_Key& key);

/// Whether these are an uncompressed point's 65 bytes (SEC 1, 2.3.3) and on the curve; none of its points has a small
/// order. Throws Error{internal} when OpenSSL has no memory.
[[nodiscard]] bool is_p256_point(ByteView point);

/// How a signature is written: DER as in X.509 (RFC 3279, 2.2.3), or r and s of 32 bytes each as in COSE and PKCS#11.
enum class SignatureForm { der, concatenated };

/// Whether the holder of `point` signed `digest`, 32 bytes of SHA-256. False also for a point that is not on the curve
/// and for a signature in another form than said, or not in strict DER. Throws Error{internal} when OpenSSL has no
/// memory.
[[nodiscard]] bool is_p256_signature(ByteView point, ByteView digest, ByteView signature, SignatureForm form);

/// The same for many signatures by one holder: a fifth faster. For one thread at a time.
class P256Verifier {
 public:
  /// Throws Error{bad_input} for a point that is not on the curve.
  explicit P256Verifier(ByteView point);
  P256Verifier(P256Verifier&&) noexcept;
  P256Verifier& operator=(P256Verifier&&) = delete;
  P256Verifier(const P256Verifier&) = delete;
  P256Verifier& operator=(const P256Verifier&) = delete;
  ~P256Verifier();
  [[nodiscard]] bool accepts(ByteView digest, ByteView signature, SignatureForm form) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lamp::crypto
