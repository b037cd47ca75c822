#include "lib/crypto/seal.hpp"

#include <botan/aead.h>
#include <botan/ec_group.h>
#include <botan/ecdh.h>
#include <botan/kdf.h>
#include <botan/pubkey.h>
#include <botan/rng.h>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"

namespace lamp::crypto {
namespace {

constexpr std::uint64_t kTagEncrypt = 96, kTagEncrypt0 = 16;
constexpr std::int64_t kAlgorithm = 1, kIv = 5, kEphemeralKey = -1;
constexpr std::int64_t kAes256Gcm = 3, kEcdhEsHkdf256 = -25;
constexpr std::size_t kIvSize = 12, kTagSize = 16, kKeySize = 32;

Bytes algorithm_header(std::int64_t algorithm) {
  return cbor::MapWriter{}.add(kAlgorithm, cbor::Writer{}.integer(algorithm)).encoded();
}

/// RFC 9053 section 5.2 (COSE_KDF_Context) as HKDF's info; `context` is SuppPubInfo's other.
SecureBytes derive_key(const SecureBytes& shared, ByteView context) {
  cbor::Writer info;
  info.array(4).integer(kAes256Gcm);
  for (int party = 0; party < 2; ++party) info.array(3).null().null().null();
  info.array(3).unsigned_integer(8 * kKeySize).bytes(algorithm_header(kEcdhEsHkdf256)).bytes(context);
  return Botan::KDF::create_or_throw("HKDF(SHA-256)")->derive_key(kKeySize, shared, ByteView{}, info.encoded());
}

/// RFC 9052 section 5.3: "Encrypt" to a recipient, "Encrypt0" under a key that both sides have.
Bytes authenticated_data(std::string_view structure, ByteView context) {
  return cbor::Writer{}.array(3).text(structure).bytes(algorithm_header(kAes256Gcm)).bytes(context).encoded();
}

std::unique_ptr<Botan::AEAD_Mode> gcm(Botan::Cipher_Dir direction, std::span<const std::uint8_t> key,
                                      ByteView authenticated, ByteView iv) {
  auto mode = Botan::AEAD_Mode::create_or_throw("AES-256/GCM", direction);
  mode->set_key(key);
  mode->set_associated_data(authenticated);
  mode->start(iv);
  return mode;
}

void require_key_size(const SymmetricKey& key) {
  if (key.size() != kKeySize) throw Error{Errc::bad_input, "a key of another length than AES-256 has"};
}

struct Box {
  ByteView iv, ciphertext, ephemeral_key;
};

void require_header(ByteView header, std::int64_t algorithm) {
  const auto wanted = algorithm_header(algorithm);
  if (!equal_constant_time(header, wanted)) throw Error{Errc::bad_input, "a sealed box of an unknown algorithm"};
}

Box parse_box(ByteView message) {
  Box box;
  cbor::Reader reader{message};
  reader.tag(kTagEncrypt);
  reader.array(4);
  require_header(reader.bytes(), kAes256Gcm);
  if (reader.map() != 1 || reader.integer() != kIv) throw Error{Errc::bad_input, "a sealed box without its IV"};
  box.iv = reader.bytes();
  box.ciphertext = reader.bytes();
  reader.array(1);
  reader.array(3);
  require_header(reader.bytes(), kEcdhEsHkdf256);
  if (reader.map() != 1 || reader.integer() != kEphemeralKey)
    throw Error{Errc::bad_input, "a sealed box without its ephemeral key"};
  box.ephemeral_key = reader.item();
  const auto recipient_ciphertext = reader.bytes();
  reader.end();
  if (box.iv.size() != kIvSize || box.ciphertext.size() < kTagSize || !recipient_ciphertext.empty())
    throw Error{Errc::bad_input, "a sealed box with a field of the wrong length"};
  return box;
}

/// IV and ciphertext of a COSE_Encrypt0.
Box parse_plain_box(ByteView message) {
  Box box;
  cbor::Reader reader{message};
  reader.tag(kTagEncrypt0);
  reader.array(3);
  require_header(reader.bytes(), kAes256Gcm);
  if (reader.map() != 1 || reader.integer() != kIv) throw Error{Errc::bad_input, "a sealed box without its IV"};
  box.iv = reader.bytes();
  box.ciphertext = reader.bytes();
  reader.end();
  if (box.iv.size() != kIvSize || box.ciphertext.size() < kTagSize)
    throw Error{Errc::bad_input, "a sealed box with a field of the wrong length"};
  return box;
}

SecureBytes decrypt(const Box& box, std::span<const std::uint8_t> key, ByteView authenticated) {
  auto opened = attempt([&] {
    return guarded(Errc::denied, [&] {
      const auto mode = gcm(Botan::Cipher_Dir::Decryption, key, authenticated, box.iv);
      SecureBytes buffer{box.ciphertext.begin(), box.ciphertext.end()};
      mode->finish(buffer);
      return buffer;
    });
  });
  if (std::holds_alternative<Error>(opened))
    throw Error{Errc::denied, "the sealed box was made for another key or purpose, or was altered"};
  return std::get<SecureBytes>(std::move(opened));
}

}  // namespace

Bytes SoftwareAgreementKey::public_point() const {
  const auto* agreement = dynamic_cast<const Botan::PK_Key_Agreement_Key*>(&key_);
  if (agreement == nullptr) throw Error{Errc::internal, "a key that cannot agree on a secret"};
  return agreement->public_value();
}

SecureBytes SoftwareAgreementKey::agree(ByteView peer_point) {
  return guarded(Errc::bad_input, [&] {
    const Botan::PK_Key_Agreement agreement{key_, rng_, "Raw"};
    return agreement.derive_key(kKeySize, peer_point.data(), peer_point.size()).bits_of();
  });
}

void require_p256_point(ByteView point) {
  const bool uncompressed = point.size() == 65 && point[0] == 4;
  const auto group = guarded(Errc::internal, [] { return Botan::EC_Group::from_name("secp256r1"); });
  if (!uncompressed || !Botan::EC_AffinePoint::deserialize(group, point))
    throw Error{Errc::bad_input, "not an uncompressed point of P-256"};
}

Bytes seal(ByteView secret, ByteView recipient_point, ByteView context, Botan::RandomNumberGenerator& rng) {
  require_p256_point(recipient_point);
  return guarded(Errc::unavailable, [&] {
    const Botan::ECDH_PrivateKey ephemeral{rng, Botan::EC_Group::from_name("secp256r1")};
    SoftwareAgreementKey agreement{ephemeral, rng};
    const auto iv = rng.random_vec<Bytes>(kIvSize);
    const auto mode = gcm(Botan::Cipher_Dir::Encryption, derive_key(agreement.agree(recipient_point), context),
                          authenticated_data("Encrypt", context), iv);
    SecureBytes buffer{secret.begin(), secret.end()};
    mode->finish(buffer);
    return cbor::Writer{}
        .tag(kTagEncrypt)
        .array(4)
        .bytes(algorithm_header(kAes256Gcm))
        .map(1)
        .integer(kIv)
        .bytes(iv)
        .bytes(buffer)
        .array(1)
        .array(3)
        .bytes(algorithm_header(kEcdhEsHkdf256))
        .map(1)
        .integer(kEphemeralKey)
        .raw(cose::encode_p256_key(agreement.public_point()))
        .bytes({})
        .encoded();
  });
}

SecureBytes open_sealed(ByteView message, AgreementKey& key, ByteView context) {
  const auto box = parse_box(message);
  const auto point = cose::decode_p256_key(box.ephemeral_key);
  require_p256_point(point);
  const auto shared = key.agree(point);
  return decrypt(box, derive_key(shared, context), authenticated_data("Encrypt", context));
}

Bytes seal_under(const SymmetricKey& key, ByteView secret, ByteView context, Botan::RandomNumberGenerator& rng) {
  require_key_size(key);
  return guarded(Errc::unavailable, [&] {
    const auto iv = rng.random_vec<Bytes>(kIvSize);
    const auto mode =
        gcm(Botan::Cipher_Dir::Encryption, key.expose_secret(), authenticated_data("Encrypt0", context), iv);
    SecureBytes buffer{secret.begin(), secret.end()};
    mode->finish(buffer);
    return cbor::Writer{}
        .tag(kTagEncrypt0)
        .array(3)
        .bytes(algorithm_header(kAes256Gcm))
        .map(1)
        .integer(kIv)
        .bytes(iv)
        .bytes(buffer)
        .encoded();
  });
}

SecureBytes open_under(const SymmetricKey& key, ByteView message, ByteView context) {
  require_key_size(key);
  return decrypt(parse_plain_box(message), key.expose_secret(), authenticated_data("Encrypt0", context));
}

}  // namespace lamp::crypto
