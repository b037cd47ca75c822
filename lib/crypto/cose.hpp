// COSE_Sign1 (RFC 9052 section 4.2) over deterministic CBOR. A private key is whatever Botan takes as one: also a
// token's, whose bytes nobody sees.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace Botan {
class Private_Key;
class Public_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::cose {

/// Identifiers of the IANA COSE algorithms registry.
enum class Algorithm : std::int32_t {
  esp256 = -9,      ///< ECDSA P-256 with SHA-256, fully specified (RFC 9864)
  es256 = -7,       ///< the same, older identifier: verified in others' messages, never written, never parsed as ours
  esp384 = -51,     ///< ECDSA P-384 with SHA-384
  ps256 = -37,      ///< RSASSA-PSS, SHA-256, salt 32
  ps512 = -39,      ///< RSASSA-PSS, SHA-512, salt 64
  ml_dsa_87 = -50,  ///< ML-DSA-87 (FIPS 204) with an empty context; hybrid releases only
};

/// As specifications call it: "PS256", "ML-DSA-87".
[[nodiscard]] std::string_view name_of(Algorithm algorithm) noexcept;

/// What a signature is for; decides who may make it.
enum class Use {
  general,         ///< P-256, P-384, RSA of 3072 bits and more
  hybrid_release,  ///< the second signature of a release, beside RSA's and never instead of it: ML-DSA-87
};

/// The algorithm that this project uses with a key of this kind: P-256 esp256, P-384 esp384, RSA ps256, ML-DSA-87
/// ml_dsa_87. Throws Error{denied} for any other key, for RSA under 3072 bits, and for a key that is not for this use.
[[nodiscard]] Algorithm algorithm_for(const Botan::Public_Key& key, Use use = Use::general);

/// SHA-256 over the DER SubjectPublicKeyInfo: how keys are named in headers (kid), rosters and logs.
[[nodiscard]] Bytes key_id(const Botan::Public_Key& key);

/// Makes a tagged (18) COSE_Sign1. The protected header holds the algorithm (1), the key id (4) and the entries of
/// `extra_headers` (one encoded deterministic map, or empty); its keys must not repeat 1 or 4.
/// With `Payload::detached` the payload is signed but not carried. `context` is the external_aad: what kind of thing
/// is signed, such as "lamp-order-v1"; a signature made for one context is worthless in another.
enum class Payload { attached, detached };
[[nodiscard]] Bytes sign1(const Botan::Private_Key& key, Botan::RandomNumberGenerator& rng, ByteView payload,
                          std::string_view context, Payload payload_is = Payload::detached,
                          ByteView extra_headers = {});
/// The same by the algorithm that is named: ps512 rather than ps256, or ml_dsa_87. Throws Error{denied} when it does
/// not fit the key, or is one that is never written.
[[nodiscard]] Bytes sign1_as(Algorithm algorithm, const Botan::Private_Key& key, Botan::RandomNumberGenerator& rng,
                             ByteView payload, std::string_view context, Payload payload_is = Payload::detached,
                             ByteView extra_headers = {});

/// A COSE_Sign1 that was read but not yet verified: nothing in it may be trusted. Views live as long as the message.
struct Sign1 {
  Algorithm algorithm{};
  ByteView kid;
  ByteView protected_header;        ///< the encoded map
  std::optional<ByteView> payload;  ///< absent when detached
  ByteView signature;
};

/// Strict: tag 18, no unprotected entries, an algorithm that is written here, kid of 32 bytes. Throws Error{bad_input}.
[[nodiscard]] Sign1 parse_sign1(ByteView message);

/// True when `message` is a valid signature by `key` over `payload` in `context`: the kid is the key's, the algorithm
/// fits the key, the key may sign for this use, and an attached payload equals `payload`.
[[nodiscard]] Verdict verify1(const Sign1& message, const Botan::Public_Key& key, ByteView payload,
                              std::string_view context, Use use = Use::general);

/// The Sig_structure (RFC 9052 section 4.4) that a COSE_Sign1 signs.
[[nodiscard]] Bytes to_be_signed(ByteView protected_header, ByteView external_aad, ByteView payload);

/// COSE_Key maps (RFC 9052 section 7) of P-256 public keys; 65-byte uncompressed points otherwise.
[[nodiscard]] Bytes encode_p256_key(ByteView uncompressed_point);
[[nodiscard]] Bytes decode_p256_key(ByteView cose_key);  ///< the point, not yet checked to be on the curve
/// COSE_Key maps of ML-DSA-87 public keys (key type AKP, draft-ietf-cose-dilithium); the 2592 raw bytes otherwise.
/// Strict: key type, algorithm and key, nothing else.
[[nodiscard]] Bytes encode_ml_dsa_key(ByteView raw);
[[nodiscard]] Bytes decode_ml_dsa_key(ByteView cose_key);

}  // namespace lamp::cose
