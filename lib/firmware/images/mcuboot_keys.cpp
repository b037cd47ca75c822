#include "lib/firmware/images/mcuboot_keys.hpp"

#include <botan/ecdh.h>
#include <botan/hash.h>
#include <botan/kdf.h>
#include <botan/mac.h>
#include <botan/pubkey.h>
#include <botan/rng.h>
#include <botan/stream_cipher.h>
#include <botan/x25519.h>
#include <botan/x509_key.h>

#include <algorithm>
#include <array>

#include "lib/crypto/key_wrap.hpp"

namespace lamp::firmware::mcuboot {
namespace {

constexpr std::string_view kEciesInfo = "MCUBoot_ECIES_v1";
constexpr std::string_view kP256 = "1.2.840.10045.3.1.7", kP384 = "1.3.132.0.34";

constexpr Scheme kRsa2048{rsa2048_signature,           sha256_digest,         "SHA-256", "PSS(SHA-256,MGF1,32)",
                          "PSSR_Raw(SHA-256,MGF1,32)", "RSA-2048 PSS SHA-256"};
constexpr Scheme kRsa3072{rsa3072_signature,           sha256_digest,         "SHA-256", "PSS(SHA-256,MGF1,32)",
                          "PSSR_Raw(SHA-256,MGF1,32)", "RSA-3072 PSS SHA-256"};
constexpr Scheme kEcdsa256{ecdsa_signature, sha256_digest, "SHA-256", "SHA-256", "", "ECDSA P-256 SHA-256"};
constexpr Scheme kEcdsa384{ecdsa_signature, sha384_digest, "SHA-384", "SHA-384", "", "ECDSA P-384 SHA-384"};
constexpr Scheme kEd25519{ed25519_signature, sha256_digest, "SHA-256", "Pure", "Pure", "Ed25519 over SHA-256"};

bool on_curve(const Botan::Public_Key& key, std::string_view oid) {
  return (key.algo_name() == "ECDSA" || key.algo_name() == "ECDH") &&
         key.algorithm_identifier().parameters() == Botan::OID{oid}.BER_encode();
}

[[noreturn]] void not_for_us() { throw Error{Errc::denied, "the content key was wrapped for another key, or altered"}; }

/// The two keys of MCUboot's ECIES, and the hash that they are made with.
struct EciesKeys {
  EciesKeys(ByteView shared, std::size_t key_size, std::string_view hash)
      : mac{Botan::MessageAuthenticationCode::create_or_throw("HMAC(" + std::string{hash} + ")")} {
    const std::size_t mac_size = mac->output_length();
    const auto kdf = Botan::KDF::create_or_throw("HKDF(" + std::string{hash} + ")");
    const auto both = kdf->derive_key(key_size + mac_size, shared, ByteView{}, as_bytes(kEciesInfo));
    cipher =
        image_cipher(SymmetricKey{SecureBytes(both.begin(), both.begin() + static_cast<std::ptrdiff_t>(key_size))});
    mac->set_key(std::span{both}.subspan(key_size));
  }
  [[nodiscard]] Bytes tag(ByteView wrapped) const {
    mac->update(wrapped);
    return mac->final_stdvec();
  }
  std::unique_ptr<Botan::StreamCipher> cipher;
  std::unique_ptr<Botan::MessageAuthenticationCode> mac;
};

SecureBytes agreed(const Botan::Private_Key& key, Botan::RandomNumberGenerator& rng, ByteView peer) {
  const auto shared = Botan::PK_Key_Agreement{key, rng, "Raw"}.derive_key(32, peer).bits_of();
  if (std::all_of(shared.begin(), shared.end(), [](std::uint8_t b) { return b == 0; })) not_for_us();
  return {shared.begin(), shared.end()};
}

Bytes ecies_wrap(const SymmetricKey& content_key, const Botan::PK_Key_Agreement_Key& ephemeral,
                 const Botan::Private_Key& key, ByteView peer, Botan::RandomNumberGenerator& rng) {
  EciesKeys keys{agreed(key, rng, peer), content_key.size(), "SHA-256"};
  const auto clear = content_key.expose_secret();
  Bytes wrapped(clear.size());
  keys.cipher->cipher(clear.data(), wrapped.data(), clear.size());
  Bytes out = ephemeral.public_value();
  append(out, keys.tag(wrapped));
  append(out, wrapped);
  return out;
}

SymmetricKey ecies_open(const Entry& e, std::size_t key_size, std::size_t point_size, std::string_view hash,
                        const Botan::Private_Key& key, Botan::RandomNumberGenerator& rng) {
  const ByteView all{e.value};
  // The top bit of an X25519 public value is ignored: one key would have two encodings.
  if (e.type != key_for_p256 && (all[31] & 0x80U) != 0) not_for_us();
  EciesKeys keys{agreed(key, rng, all.first(point_size)), key_size, hash};
  const auto wrapped = all.last(key_size);
  if (!equal_constant_time(keys.tag(wrapped), all.subspan(point_size, all.size() - point_size - key_size)))
    not_for_us();
  SecureBytes clear(key_size);
  keys.cipher->cipher(wrapped.data(), clear.data(), key_size);
  return SymmetricKey{std::move(clear)};
}

SymmetricKey open_with_private_key(const Entry& e, std::size_t key_size, const Botan::Private_Key& key,
                                   Botan::RandomNumberGenerator& rng) {
  const auto name = key.algo_name();
  if (e.type == key_for_rsa2048 && name == "RSA") {
    const auto clear = Botan::PK_Decryptor_EME{key, rng, "OAEP(SHA-256)"}.decrypt(e.value);
    if (clear.size() != key_size) not_for_us();
    return SymmetricKey{SecureBytes{clear.begin(), clear.end()}};
  }
  if (e.type == key_for_p256 && on_curve(key, kP256))
    return ecies_open(e, key_size, 65, "SHA-256",
                      Botan::ECDH_PrivateKey{key.algorithm_identifier(), key.private_key_bits()}, rng);
  if ((e.type == key_for_x25519 || e.type == key_for_x25519_sha512) && name == "X25519")
    return ecies_open(e, key_size, 32, e.type == key_for_x25519 ? "SHA-256" : "SHA-512", key, rng);
  throw Error{Errc::denied, "the content key is wrapped for a key of another kind: " + std::string{name_of(e.type)}};
}

}  // namespace

const Scheme& scheme_of(const Botan::Public_Key& key) {
  if (key.algo_name() == "RSA" && key.key_length() == 2048) return kRsa2048;
  if (key.algo_name() == "RSA" && key.key_length() == 3072) return kRsa3072;
  if (on_curve(key, kP256)) return kEcdsa256;
  if (on_curve(key, kP384)) return kEcdsa384;
  if (key.algo_name() == "Ed25519") return kEd25519;
  throw Error{Errc::denied, "MCUboot takes RSA-2048, RSA-3072, P-256, P-384 and Ed25519 keys, not " +
                                std::to_string(key.key_length()) + "-bit " + key.algo_name()};
}

std::string algorithm_of(const Botan::Public_Key& key) { return std::string{scheme_of(key).name}; }

Bytes encoded_key(const Botan::Public_Key& key) {
  return key.algo_name() == "RSA" ? key.public_key_bits() : key.subject_public_key();
}

std::unique_ptr<Botan::HashFunction> hash_of(std::uint16_t digest_type) {
  switch (digest_type) {
    case sha256_digest: return Botan::HashFunction::create_or_throw("SHA-256");
    case sha384_digest: return Botan::HashFunction::create_or_throw("SHA-384");
    case sha512_digest: return Botan::HashFunction::create_or_throw("SHA-512");
    default: return nullptr;
  }
}

std::unique_ptr<Botan::StreamCipher> image_cipher(const SymmetricKey& content_key) {
  const auto key = content_key.expose_secret();
  auto cipher = Botan::StreamCipher::create_or_throw(key.size() == 32 ? "CTR-BE(AES-256)" : "CTR-BE(AES-128)");
  cipher->set_key(key);
  constexpr std::array<std::uint8_t, 16> zero{};
  cipher->set_iv(zero.data(), zero.size());
  return cipher;
}

WrappedKey wrap_content_key(const SymmetricKey& content_key, const Recipient& recipient,
                            Botan::RandomNumberGenerator& rng) {
  if (recipient.kek != nullptr) return {key_for_kek, crypto::wrap_key(*recipient.kek, content_key)};
  return guarded(Errc::bad_input, [&]() -> WrappedKey {
    const auto key = Botan::X509::load_key(recipient.public_key);
    const auto name = key->algo_name();
    if (name == "RSA" && key->key_length() == 2048)
      return {key_for_rsa2048,
              Botan::PK_Encryptor_EME{*key, rng, "OAEP(SHA-256)"}.encrypt(content_key.expose_secret(), rng)};
    if (on_curve(*key, kP256)) {
      const Botan::ECDH_PrivateKey ephemeral{rng, Botan::EC_Group::from_name("secp256r1")};
      return {key_for_p256, ecies_wrap(content_key, ephemeral, ephemeral, key->raw_public_key_bits(), rng)};
    }
    if (name == "X25519") {
      const Botan::X25519_PrivateKey ephemeral{rng};
      return {key_for_x25519, ecies_wrap(content_key, ephemeral, ephemeral, key->raw_public_key_bits(), rng)};
    }
    throw Error{Errc::denied, "MCUboot images are encrypted for RSA-2048, P-256 or X25519 keys, not for " + name};
  });
}

SymmetricKey open_content_key(const Image& image, const RecipientKey& key, Botan::RandomNumberGenerator& rng) {
  const auto it = std::find_if(image.entries.begin(), image.entries.end(), [](const Entry& e) {
    return e.type >= key_for_rsa2048 && e.type <= key_for_x25519_sha512;
  });
  if (it == image.entries.end()) throw Error{Errc::bad_input, "the image is not encrypted"};
  const auto size = image.header.key_size();
  if (it->type == key_for_kek && key.kek != nullptr) return crypto::unwrap_key(*key.kek, it->value);
  if (it->type == key_for_kek || key.private_key == nullptr)
    throw Error{Errc::denied,
                "the content key is wrapped for a key of another kind: " + std::string{name_of(it->type)}};
  return guarded(Errc::denied, [&] { return open_with_private_key(*it, size, *key.private_key, rng); });
}

}  // namespace lamp::firmware::mcuboot
