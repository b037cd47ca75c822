#include "lib/crypto/p256.hpp"

#include <botan/ec_apoint.h>
#include <botan/ecdsa.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "lib/base/error.hpp"

namespace lamp::crypto {
namespace {

constexpr std::size_t kPoint = 65, kDigest = 32, kNumber = 32;

struct Free {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Free>;

[[noreturn]] void fail() {
  ERR_clear_error();
  throw Error{Errc::internal, "OpenSSL cannot check a signature on P-256"};
}

/// A key of the curve, which takes any point of it.
Key make_key() {
  const Key made{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
  Key key{EVP_PKEY_new()};
  if (!made || !key || EVP_PKEY_copy_parameters(key.get(), made.get()) != 1) fail();
  return key;
}

/// One that takes one point after the other: to make one costs a third of a check.
const Key& reused_key() {
  static thread_local const Key key = make_key();
  return key;
}

/// An INTEGER (X.690, 8.3): as short as can be, and not negative.
void append_integer(Bytes& out, ByteView number) {
  while (number.size() > 1 && number.front() == 0) number = number.subspan(1);
  const bool padded = (number.front() & 0x80U) != 0;
  out.push_back(0x02);
  out.push_back(static_cast<std::uint8_t>(number.size() + (padded ? 1U : 0U)));
  if (padded) out.push_back(0);
  append(out, number);
}

Bytes der_of(ByteView concatenated) {
  Bytes numbers;
  append_integer(numbers, concatenated.first(kNumber));
  append_integer(numbers, concatenated.subspan(kNumber));
  Bytes der{0x30, static_cast<std::uint8_t>(numbers.size())};
  append(der, numbers);
  return der;
}

bool is_point(ByteView point) { return point.size() == kPoint && point.front() == 0x04; }

/// Refuses a point that is not on the curve.
bool set_point(const Key& key, ByteView point) {
  const bool good = is_point(point) && EVP_PKEY_set1_encoded_public_key(key.get(), point.data(), point.size()) == 1;
  if (!good) ERR_clear_error();
  return good;
}

Context start(const Key& key) {
  Context context{EVP_PKEY_CTX_new(key.get(), nullptr)};
  if (!context || EVP_PKEY_verify_init(context.get()) != 1) fail();
  return context;
}

bool accepts_der(const Context& context, ByteView digest, ByteView der) {
  // Refuses what it would not have encoded itself.
  const bool good = EVP_PKEY_verify(context.get(), der.data(), der.size(), digest.data(), digest.size()) == 1;
  if (!good) ERR_clear_error();
  return good;
}

bool accepts(const Context& context, ByteView digest, ByteView signature, SignatureForm form) {
  if (digest.size() != kDigest) return false;
  if (form == SignatureForm::der) return accepts_der(context, digest, signature);
  return signature.size() == 2 * kNumber && accepts_der(context, digest, der_of(signature));
}

}  // namespace

std::optional<Bytes> p256_point(const Botan::Public_Key& key) {
  const auto* ecdsa = dynamic_cast<const Botan::ECDSA_PublicKey*>(&key);
  if (ecdsa == nullptr || ecdsa->domain().get_curve_oid() != Botan::OID{1, 2, 840, 10045, 3, 1, 7}) return std::nullopt;
  return ecdsa->_public_ec_point().serialize_uncompressed<Bytes>();
}

bool is_p256_point(ByteView point) { return set_point(reused_key(), point); }

bool is_p256_signature(ByteView point, ByteView digest, ByteView signature, SignatureForm form) {
  return set_point(reused_key(), point) && accepts(start(reused_key()), digest, signature, form);
}

struct P256Verifier::State {
  Key key = make_key();
  Context context;
};

P256Verifier::P256Verifier(ByteView point) : state_{std::make_unique<State>()} {
  if (!set_point(state_->key, point)) throw Error{Errc::bad_input, "a public key's point is not on P-256"};
  state_->context = start(state_->key);
}

P256Verifier::P256Verifier(P256Verifier&&) noexcept = default;
P256Verifier::~P256Verifier() = default;

bool P256Verifier::accepts(ByteView digest, ByteView signature, SignatureForm form) const {
  return crypto::accepts(state_->context, digest, signature, form);
}

}  // namespace lamp::crypto
