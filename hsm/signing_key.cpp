// Token keys as Botan private keys. The host hashes, because few tokens hash and sign in one mechanism; the token signs
// the digest; software checks the signature before anybody sees it.
#include <botan/ec_apoint.h>
#include <botan/ecdsa.h>
#include <botan/hash.h>
#include <botan/pk_ops.h>
#include <botan/pss_params.h>
#include <botan/pubkey.h>
#include <botan/rsa.h>

#include <optional>
#include <string_view>

#include "hsm/key_handle.hpp"
#include "hsm/token.hpp"
#include "lib/base/error.hpp"
#include "lib/crypto/p256.hpp"
#include "lib/crypto/verifying_key.hpp"

namespace lamp::hsm {
namespace {

struct Digest {
  std::string_view name;
  std::size_t size;
  CK_MECHANISM_TYPE hash;
  CK_RSA_PKCS_MGF_TYPE mgf;
};
constexpr Digest kDigests[] = {{"SHA-256", 32, CKM_SHA256, CKG_MGF1_SHA256},
                               {"SHA-384", 48, CKM_SHA384, CKG_MGF1_SHA384},
                               {"SHA-512", 64, CKM_SHA512, CKG_MGF1_SHA512}};

/// The key's place in the token; shared by the Botan key and the operations made from it.
struct Place {
  std::shared_ptr<Connection> connection;
  std::shared_ptr<KeyHandle> key;
  bool pin_each_time;
  [[nodiscard]] const std::string& label() const noexcept { return key->label(); }
};

[[noreturn]] void refuse(std::string_view parameters) {
  throw Error{Errc::denied, "signature parameters '" + std::string{parameters} + "' are not used with token keys"};
}

const Digest& digest_named(std::string_view name, std::string_view parameters) {
  for (const auto& digest : kDigests) {
    if (digest.name == name) return digest;
  }
  refuse(parameters);
}

/// The arguments of "HEAD(arguments)" for one of these heads.
std::optional<std::string_view> inside(std::string_view text, std::initializer_list<std::string_view> heads) {
  for (const auto head : heads) {
    if (text.starts_with(head) && text.size() > head.size() + 2 && text[head.size()] == '(' && text.back() == ')') {
      return text.substr(head.size() + 1, text.size() - head.size() - 2);
    }
  }
  return std::nullopt;
}

const Digest& ecdsa_digest(std::string_view parameters) {
  return digest_named(inside(parameters, {"EMSA1"}).value_or(parameters), parameters);
}

// Botan's names of RSASSA-PSS; the salt is always as long as the hash, whether it is spelled out or not.
const Digest& pss_digest(std::string_view parameters) {
  const auto arguments = inside(parameters, {"PSS", "PSSR", "EMSA4", "EMSA-PSS", "PSS-MGF1"});
  if (!arguments) refuse(parameters);
  const auto comma = arguments->find(',');
  const auto& digest = digest_named(arguments->substr(0, comma), parameters);
  if (comma == std::string_view::npos) return digest;
  const auto rest = arguments->substr(comma);
  if (rest != ",MGF1" && rest != ",MGF1," + std::to_string(digest.size)) refuse(parameters);
  return digest;
}

Bytes sign_in_token(const Place& place, CK_MECHANISM& mechanism, ByteView digest, std::size_t length) {
  return in_context("signing with key \"" + place.label() + "\"", [&] {
    // A login for one operation rewrites SoftHSM's token file as any login does.
    std::optional<Connection::Lock> lock;
    if (place.pin_each_time) lock.emplace(*place.connection);
    return place.connection->with_session([&](Session& session) {
      const auto key = place.key->in(session, *place.connection);
      session.check(session->C_SignInit(session.handle(), &mechanism, key), "C_SignInit");
      // Nothing between these: cards take the PIN for the very next command only.
      if (place.pin_each_time) place.connection->context_login(session);
      Bytes signature(length);
      CK_ULONG size = signature.size();
      session.check(session->C_Sign(session.handle(), mutable_pointer(digest), digest.size(), signature.data(), &size),
                    "C_Sign");
      if (size != length) throw Error{Errc::unavailable, "the token gave a signature of a wrong length"};
      return signature;
    });
  });
}

/// What both kinds of signature share: hash here, sign there, check here.
class TokenSignature : public Botan::PK_Ops::Signature {
 public:
  TokenSignature(Place place, const Botan::Public_Key& key, const Digest& digest, const std::string& padding,
                 std::size_t length)
      : place_{std::move(place)},
        digest_{digest},
        hash_{Botan::HashFunction::create_or_throw(digest.name)},
        length_{length} {
    const auto point = digest_.size == 32 ? crypto::p256_point(key) : std::nullopt;
    if (point)
      p256_.emplace(*point);
    else
      verifier_.emplace(key, padding);
  }

  void update(std::span<const std::uint8_t> input) final {
    hash_->update(input);
    if (verifier_) verifier_->update(input);
  }

  std::vector<std::uint8_t> sign(Botan::RandomNumberGenerator&) final {
    const auto digest = hash_->final_stdvec();
    auto signature = sign_digest(digest);
    if (!is_right(digest, signature)) {
      throw Error{Errc::unavailable, "the token gave a wrong signature with key \"" + place_.label() +
                                         "\"; check that its public key belongs to it, and the token itself"};
    }
    return signature;
  }

  std::size_t signature_length() const final { return length_; }
  std::string hash_function() const final { return std::string{digest_.name}; }

 protected:
  [[nodiscard]] virtual Bytes sign_digest(ByteView digest) const = 0;
  const Place place_;
  const Digest& digest_;

 private:
  bool is_right(ByteView digest, ByteView signature) {
    if (verifier_) return verifier_->check_signature(signature);
    return p256_->accepts(digest, signature, crypto::SignatureForm::concatenated);
  }

  std::unique_ptr<Botan::HashFunction> hash_;
  std::optional<crypto::P256Verifier> p256_;  ///< of a key on P-256 with SHA-256; any other has the verifier
  std::optional<Botan::PK_Verifier> verifier_;

 protected:
  const std::size_t length_;
};

class EcdsaSignature final : public TokenSignature {
 public:
  EcdsaSignature(Place place, const Botan::ECDSA_PublicKey& key, const Digest& digest)
      : TokenSignature{std::move(place), key, digest, std::string{digest.name}, 2 * key.domain().get_order_bytes()} {}

  Botan::AlgorithmIdentifier algorithm_identifier() const override {
    return {Botan::OID::from_string("ECDSA/" + hash_function()), Botan::AlgorithmIdentifier::USE_EMPTY_PARAM};
  }

 private:
  Bytes sign_digest(ByteView digest) const override {
    CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
    // FIPS 186-5, 6.4.1: of a longer digest the leftmost bits. TLS 1.2 pairs SHA-384 with P-256; not every token cuts
    // it.
    return sign_in_token(place_, mechanism, digest.first(length_ / 2), length_);
  }
};

class PssSignature final : public TokenSignature {
 public:
  PssSignature(Place place, const Botan::RSA_PublicKey& key, const Digest& digest)
      : TokenSignature{std::move(place), key, digest, padding(digest), (key.key_length() + 7) / 8} {}

  Botan::AlgorithmIdentifier algorithm_identifier() const override {
    return {Botan::OID::from_string("RSA/PSS"), Botan::PSS_Params{digest_.name, digest_.size}.serialize()};
  }

 private:
  static std::string padding(const Digest& digest) {
    return "PSS(" + std::string{digest.name} + ",MGF1," + std::to_string(digest.size) + ")";
  }
  Bytes sign_digest(ByteView digest) const override {
    CK_RSA_PKCS_PSS_PARAMS parameters{digest_.hash, digest_.mgf, digest_.size};
    CK_MECHANISM mechanism{CKM_RSA_PKCS_PSS, &parameters, sizeof parameters};
    return sign_in_token(place_, mechanism, digest, length_);
  }
};

[[noreturn]] void refuse_export() { throw Error{Errc::denied, "the key's bytes stay in the token"}; }

class TokenEcdsaKey final : public Botan::ECDSA_PublicKey, public Botan::Private_Key, public crypto::VerifiesItself {
 public:
  TokenEcdsaKey(const Botan::ECDSA_PublicKey& key, Place place)
      : Botan::EC_PublicKey{key}, Botan::ECDSA_PublicKey{key}, place_{std::move(place)} {}

  Botan::secure_vector<std::uint8_t> private_key_bits() const override { refuse_export(); }
  std::unique_ptr<Botan::Public_Key> public_key() const override {
    return std::make_unique<Botan::ECDSA_PublicKey>(*this);
  }
  std::unique_ptr<Botan::PK_Ops::Signature> create_signature_op(Botan::RandomNumberGenerator&,
                                                                std::string_view parameters,
                                                                std::string_view) const override {
    const auto& digest = ecdsa_digest(parameters);
    if (digest.size < domain().get_order_bytes()) refuse(parameters);  // weaker than the key
    return std::make_unique<EcdsaSignature>(place_, *this, digest);
  }

 private:
  Place place_;
};

class TokenRsaKey final : public Botan::RSA_PublicKey, public Botan::Private_Key, public crypto::VerifiesItself {
 public:
  TokenRsaKey(const Botan::RSA_PublicKey& key, Place place) : Botan::RSA_PublicKey{key}, place_{std::move(place)} {}

  Botan::secure_vector<std::uint8_t> private_key_bits() const override { refuse_export(); }
  std::unique_ptr<Botan::Public_Key> public_key() const override {
    return std::make_unique<Botan::RSA_PublicKey>(*this);
  }
  std::unique_ptr<Botan::PK_Ops::Signature> create_signature_op(Botan::RandomNumberGenerator&,
                                                                std::string_view parameters,
                                                                std::string_view) const override {
    return std::make_unique<PssSignature>(place_, *this, pss_digest(parameters));
  }

 private:
  Place place_;
};

}  // namespace

std::shared_ptr<Botan::Private_Key> Token::signing_key(const std::string& label) {
  auto& connection = *impl_->connection;
  connection.require_login();
  const auto public_half = public_key(label);
  Place place{impl_->connection, std::make_shared<KeyHandle>(CKO_PRIVATE_KEY, label), false};
  connection.with_session([&](Session& session) {
    const auto key = place.key->in(session, connection);
    place.pin_each_time = read_flag(session, key, CKA_ALWAYS_AUTHENTICATE);
    if (!read_flag(session, key, CKA_SIGN)) {
      throw Error{Errc::denied, connection.description() + ": key \"" + label + "\" was not made for signing"};
    }
  });
  if (const auto* ec = dynamic_cast<const Botan::ECDSA_PublicKey*>(public_half.get())) {
    return std::make_shared<TokenEcdsaKey>(*ec, std::move(place));
  }
  return std::make_shared<TokenRsaKey>(dynamic_cast<const Botan::RSA_PublicKey&>(*public_half), std::move(place));
}

}  // namespace lamp::hsm
