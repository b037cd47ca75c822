// ECDH in the token: the raw shared x coordinate comes out, derivation is the caller's.
#include <botan/der_enc.h>
#include <botan/ecc_key.h>

#include "hsm/key_handle.hpp"
#include "hsm/token.hpp"
#include "lib/base/error.hpp"

namespace lamp::hsm {
namespace {

constexpr std::size_t kPointSize = 65;
constexpr CK_ULONG kSharedSize = 32;

class TokenAgreementKey final : public crypto::AgreementKey {
 public:
  TokenAgreementKey(std::shared_ptr<Connection> connection, std::shared_ptr<KeyHandle> key, Bytes point)
      : connection_{std::move(connection)}, key_{std::move(key)}, point_{std::move(point)} {}

  Bytes public_point() const override { return point_; }

  SecureBytes agree(ByteView peer_point) override {
    if (peer_point.size() != kPointSize)
      throw Error{Errc::bad_input, "the peer's point is not an uncompressed P-256 point"};
    return in_context("agreeing with key \"" + key_->label() + "\"", [&] { return agree_in_token(peer_point); });
  }

 private:
  // The standard has the point bare or as DER, and tokens take one or both: what worked is kept.
  SecureBytes agree_in_token(ByteView point) {
    const auto known = connection_->point_form.load();
    if (known != PointForm::unknown) return derive(known, point);
    const auto bare = attempt([&] { return derive(PointForm::bare, point); });
    if (const auto* shared = std::get_if<SecureBytes>(&bare)) return *shared;
    const auto der = attempt([&] { return derive(PointForm::der, point); });
    if (const auto* shared = std::get_if<SecureBytes>(&der)) return *shared;
    rethrow(std::get<Error>(bare));
  }

  SecureBytes derive(PointForm form, ByteView point) {
    const Bytes sent = form == PointForm::der ? der_octets(point) : Bytes{point.begin(), point.end()};
    auto shared = connection_->with_session(
        [&](Session& session) { return derive_shared(session, key_->in(session, *connection_), sent); });
    connection_->point_form = form;
    return shared;
  }

  std::shared_ptr<Connection> connection_;
  std::shared_ptr<KeyHandle> key_;
  Bytes point_;
};

}  // namespace

Bytes der_octets(ByteView point) {
  return guarded(Errc::internal, [&] {
    Bytes der;
    Botan::DER_Encoder{der}.encode(point.data(), point.size(), Botan::ASN1_Type::OctetString);
    return der;
  });
}

SecureBytes derive_shared(Session& session, CK_OBJECT_HANDLE key, ByteView point) {
  CK_ECDH1_DERIVE_PARAMS parameters{CKD_NULL, 0, nullptr, point.size(), mutable_pointer(point)};
  CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &parameters, sizeof parameters};
  Template t;
  t.flag(CKA_TOKEN, false).number(CKA_CLASS, CKO_SECRET_KEY).number(CKA_KEY_TYPE, CKK_GENERIC_SECRET);
  t.flag(CKA_SENSITIVE, false).flag(CKA_EXTRACTABLE, true).number(CKA_VALUE_LEN, kSharedSize);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.check(session->C_DeriveKey(session.handle(), &mechanism, key, t.data(), t.size(), &handle), "C_DeriveKey");
  const TemporaryObject derived{session, handle};
  SecureBytes shared(kSharedSize);
  CK_ATTRIBUTE value{CKA_VALUE, shared.data(), shared.size()};
  session.check(session->C_GetAttributeValue(session.handle(), derived.handle(), &value, 1), "C_GetAttributeValue");
  if (value.ulValueLen != kSharedSize)
    throw Error{Errc::unavailable, "the token gave a shared secret of a wrong length"};
  return shared;
}

std::unique_ptr<crypto::AgreementKey> Token::agreement_key(const std::string& label) {
  const auto public_half = public_key(label);
  const auto* ec = dynamic_cast<const Botan::EC_PublicKey*>(public_half.get());
  if (ec == nullptr || ec->domain().get_p_bits() != 256) {
    throw Error{Errc::denied, impl_->connection->description() + ": key \"" + label + "\" is not a P-256 key"};
  }
  auto key = std::make_shared<KeyHandle>(CKO_PRIVATE_KEY, label);
  const auto& connection = *impl_->connection;
  impl_->connection->with_session([&](Session& session) {
    if (!read_flag(session, key->in(session, connection), CKA_DERIVE)) {
      throw Error{Errc::denied, connection.description() + ": key \"" + label + "\" was not made for agreement"};
    }
  });
  return std::make_unique<TokenAgreementKey>(impl_->connection, std::move(key), ec->public_key_bits());
}

}  // namespace lamp::hsm
