// How MCUboot uses signature keys and wraps content keys.
#pragma once

#include <memory>
#include <string_view>

#include "lib/firmware/images/mcuboot.hpp"

namespace Botan {
class HashFunction;
class StreamCipher;
}  // namespace Botan

namespace lamp::firmware::mcuboot {

/// One kind of signature key.
struct Scheme {
  std::uint16_t signature;       ///< TLV
  std::uint16_t digest;          ///< TLV that goes with it
  std::string_view hash;         ///< of the region
  std::string_view padding;      ///< Botan's, for a message
  std::string_view raw_padding;  ///< the same for a digest; empty for ECDSA
  std::string_view name;
};
/// Throws Error{denied} for a key that MCUboot does not take.
[[nodiscard]] const Scheme& scheme_of(const Botan::Public_Key& key);

/// The key as boot loaders have it: PKCS#1 for RSA, else SubjectPublicKeyInfo.
[[nodiscard]] Bytes encoded_key(const Botan::Public_Key& key);

/// The digest that a TLV of this type holds; null for other types.
[[nodiscard]] std::unique_ptr<Botan::HashFunction> hash_of(std::uint16_t digest_type);

/// AES-CTR from zero, which each image uses with a key of its own.
[[nodiscard]] std::unique_ptr<Botan::StreamCipher> image_cipher(const SymmetricKey& content_key);

struct WrappedKey {
  std::uint16_t type;
  Bytes value;
};
[[nodiscard]] WrappedKey wrap_content_key(const SymmetricKey& content_key, const Recipient& recipient,
                                          Botan::RandomNumberGenerator& rng);

}  // namespace lamp::firmware::mcuboot
