// Keys that travel wrapped: an AES key under an RSA key, and a content key under an AES key, both computed in the
// token.
#include <botan/pk_keys.h>
#include <botan/rsa.h>
#include <botan/x509_key.h>

#include <array>

#include "hsm/key_handle.hpp"
#include "hsm/token.hpp"
#include "lib/base/error.hpp"

namespace lamp::hsm {
namespace {

struct OaepHash {
  std::uint8_t mark;  // first byte of a wrapped key
  CK_MECHANISM_TYPE hash;
  CK_RSA_PKCS_MGF_TYPE mgf;
};
// OAEP's security does not rest on collision resistance (RFC 8017, B.1), so SHA-1 is sound where a token has no other.
constexpr OaepHash kSha256{2, CKM_SHA256, CKG_MGF1_SHA256};
constexpr OaepHash kSha1{1, CKM_SHA_1, CKG_MGF1_SHA1};

constexpr std::size_t kMinimumRsaBits = 3072;

CK_RSA_PKCS_OAEP_PARAMS oaep_parameters(const OaepHash& hash) noexcept {
  return {hash.hash, hash.mgf, CKZ_DATA_SPECIFIED, nullptr, 0};
}

std::unique_ptr<Botan::RSA_PublicKey> load_rsa_key(ByteView der) {
  auto key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(der); });
  auto* rsa = dynamic_cast<Botan::RSA_PublicKey*>(key.get());
  if (rsa == nullptr || rsa->key_length() < kMinimumRsaBits) {
    throw Error{Errc::denied, "keys are wrapped under RSA keys of at least 3072 bits only"};
  }
  return std::make_unique<Botan::RSA_PublicKey>(*rsa);
}

CK_OBJECT_HANDLE import_rsa_key(Session& session, const Botan::RSA_PublicKey& key) {
  const auto modulus = key.get_n().serialize();
  const auto exponent = key.get_e().serialize();
  Template t;
  t.number(CKA_CLASS, CKO_PUBLIC_KEY).number(CKA_KEY_TYPE, CKK_RSA).flag(CKA_TOKEN, false).flag(CKA_PRIVATE, false);
  t.bytes(CKA_MODULUS, modulus).bytes(CKA_PUBLIC_EXPONENT, exponent).flag(CKA_WRAP, true).flag(CKA_ENCRYPT, false);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.check(session->C_CreateObject(session.handle(), t.data(), t.size(), &handle), "C_CreateObject");
  return handle;
}

Bytes wrap(Session& session, CK_MECHANISM& mechanism, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key) {
  Bytes wrapped(1024);
  CK_ULONG size = wrapped.size();
  session.check(session->C_WrapKey(session.handle(), &mechanism, with, key, wrapped.data(), &size), "C_WrapKey");
  wrapped.resize(size);
  return wrapped;
}

Bytes wrap_by_oaep(Session& session, const OaepHash& hash, const Botan::RSA_PublicKey& rsa, CK_OBJECT_HANDLE key) {
  const TemporaryObject imported{session, import_rsa_key(session, rsa)};
  auto parameters = oaep_parameters(hash);
  CK_MECHANISM mechanism{CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
  Bytes marked{hash.mark};
  append(marked, wrap(session, mechanism, imported.handle(), key));
  return marked;
}

const OaepHash& hash_named_by(std::uint8_t mark) {
  if (mark == kSha256.mark) return kSha256;
  if (mark == kSha1.mark) return kSha1;
  throw Error{Errc::bad_input, "the wrapped key names an unknown OAEP hash"};
}

CK_OBJECT_HANDLE import_content_key(Session& session, const SymmetricKey& key) {
  Template t;
  t.number(CKA_CLASS, CKO_SECRET_KEY).number(CKA_KEY_TYPE, CKK_AES).flag(CKA_TOKEN, false).flag(CKA_PRIVATE, true);
  t.flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, true).bytes(CKA_VALUE, key.expose_secret());
  t.flag(CKA_ENCRYPT, false).flag(CKA_DECRYPT, false).flag(CKA_WRAP, false).flag(CKA_UNWRAP, false);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.check(session->C_CreateObject(session.handle(), t.data(), t.size(), &handle), "C_CreateObject");
  return handle;
}

// NSS keeps the attribute and wraps all the same.
bool still_wraps(Session& session, CK_OBJECT_HANDLE key) {
  CK_MECHANISM mechanism{CKM_AES_KEY_WRAP, nullptr, 0};
  Bytes wrapped(64);
  CK_ULONG size = wrapped.size();
  return session->C_WrapKey(session.handle(), &mechanism, key, key, wrapped.data(), &size) == CKR_OK;
}

}  // namespace

Bytes Token::wrap_aes_key(const std::string& label, ByteView rsa_public_key_der) {
  const auto rsa = load_rsa_key(rsa_public_key_der);
  auto& connection = *impl_->connection;
  connection.require_login();
  KeyHandle key{CKO_SECRET_KEY, label};
  static_cast<void>(connection.with_session([&](Session& session) { return key.in(session, connection); }));
  const auto with = [&](const OaepHash& hash) {
    return in_context("wrapping key \"" + label + "\"", [&] {
      return connection.with_session(
          [&](Session& session) { return wrap_by_oaep(session, hash, *rsa, key.in(session, connection)); });
    });
  };
  const auto first = attempt([&] { return with(kSha256); });
  if (const auto* wrapped = std::get_if<Bytes>(&first)) return *wrapped;
  // A token that has no OAEP with SHA-256 says so in its own way (SoftHSM: ARGUMENTS_BAD), so the kind of failure
  // decides: a refusal is a refusal, whatever the hash.
  const auto& failure = std::get<Error>(first);
  if (failure.code() != Errc::unavailable) throw Error{failure.code(), failure.what()};
  return with(kSha1);
}

SecureBytes Token::unwrap_with_rsa(const std::string& label, ByteView wrapped) {
  if (wrapped.size() < 2) throw Error{Errc::bad_input, "the wrapped key is too short"};
  auto parameters = oaep_parameters(hash_named_by(wrapped.front()));
  const auto ciphertext = wrapped.subspan(1);
  auto& connection = *impl_->connection;
  connection.require_login();
  // C_Decrypt, not C_UnwrapKey: more tokens have it, and the key is for the caller.
  return connection.with_session([&](Session& session) {
    const auto key = find_object(session, connection, CKO_PRIVATE_KEY, label);
    CK_MECHANISM mechanism{CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
    session.check(session->C_DecryptInit(session.handle(), &mechanism, key), "C_DecryptInit");
    SecureBytes clear(ciphertext.size());
    CK_ULONG size = clear.size();
    const CK_RV rv =
        session->C_Decrypt(session.handle(), mutable_pointer(ciphertext), ciphertext.size(), clear.data(), &size);
    // SoftHSM says GENERAL_ERROR for a ciphertext of another key: an answer, not a fault.
    if (rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED) {
      throw Error{Errc::denied, "the wrapped key was made for another key than \"" + label + "\", or altered"};
    }
    session.check(rv, "C_Decrypt");
    clear.resize(size);
    return clear;
  });
}

void Token::lock_aes_key(const std::string& label) {
  auto& connection = *impl_->connection;
  connection.require_login();
  const Connection::Lock lock{connection};
  connection.with_session([&](Session& session) {
    const auto key = find_object(session, connection, CKO_SECRET_KEY, label);
    if (!read_flag(session, key, CKA_EXTRACTABLE)) return;
    Template locked;
    locked.flag(CKA_EXTRACTABLE, false);
    in_context("locking key \"" + label + "\"", [&] {
      session.check(session->C_SetAttributeValue(session.handle(), key, locked.data(), locked.size()),
                    "C_SetAttributeValue");
    });
    if (read_flag(session, key, CKA_EXTRACTABLE) || still_wraps(session, key)) {
      throw Error{Errc::denied, connection.description() + " left key \"" + label + "\" exportable"};
    }
  });
}

Bytes Token::wrap_content_key(const std::string& label, const SymmetricKey& content_key) {
  auto& connection = *impl_->connection;
  connection.require_login();
  return in_context("wrapping a content key under \"" + label + "\"", [&] {
    return connection.with_session([&](Session& session) {
      const auto kek = find_object(session, connection, CKO_SECRET_KEY, label);
      const TemporaryObject imported{session, import_content_key(session, content_key)};
      CK_MECHANISM mechanism{CKM_AES_KEY_WRAP, nullptr, 0};
      auto wrapped = wrap(session, mechanism, kek, imported.handle());
      // RFC 3394: eight bytes more than the key.
      if (wrapped.size() != content_key.size() + 8) {
        throw Error{Errc::unavailable, "the token gave a wrapped key of a wrong length"};
      }
      return wrapped;
    });
  });
}

}  // namespace lamp::hsm
