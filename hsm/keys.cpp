// Making, listing and destroying keys. Every private key is sensitive, never extractable and good for one use.
#include <botan/pk_keys.h>
#include <botan/system_rng.h>

#include <array>

#include "hsm/objects.hpp"
#include "hsm/public_key.hpp"
#include "hsm/token.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"

namespace lamp::hsm {
namespace {

constexpr std::uint8_t kExponent65537[] = {0x01, 0x00, 0x01};

bool is_rsa(KeyKind kind) noexcept { return kind == KeyKind::rsa3072 || kind == KeyKind::rsa4096; }

void require_fitting(KeyKind kind, KeyUse use) {
  if (use == KeyUse::agree && kind != KeyKind::p256) {
    throw Error{Errc::bad_input, "only a P-256 key can be made for agreement"};
  }
  if (use == KeyUse::decrypt && !is_rsa(kind)) {
    throw Error{Errc::bad_input, "only an RSA key can be made for decryption"};
  }
}

Bytes fresh_id() {
  Bytes id(16);
  Botan::system_rng().randomize(id);
  return id;
}

/// Some tokens (tpm2-pkcs11) refuse a template that says no to anything; then only what is asked for is named, and what
/// came out is checked.
enum class Wording { every_use, asked_use };

Template public_template(KeyKind kind, KeyUse use, const std::string& label, ByteView id, Wording wording) {
  const bool signs = use == KeyUse::sign || use == KeyUse::sign_with_pin;
  const bool decrypts = use == KeyUse::decrypt;
  Template t;
  t.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, false).text(CKA_LABEL, label).bytes(CKA_ID, id);
  if (signs || wording == Wording::every_use) t.flag(CKA_VERIFY, signs);
  if (decrypts || wording == Wording::every_use) t.flag(CKA_ENCRYPT, decrypts).flag(CKA_WRAP, decrypts);
  if (is_rsa(kind)) {
    t.number(CKA_MODULUS_BITS, kind == KeyKind::rsa3072 ? 3072 : 4096).bytes(CKA_PUBLIC_EXPONENT, kExponent65537);
  } else {
    t.bytes(CKA_EC_PARAMS, kind == KeyKind::p256 ? ByteView{kP256Parameters} : ByteView{kP384Parameters});
  }
  return t;
}

struct Purpose {
  CK_ATTRIBUTE_TYPE attribute;
  bool wanted;
};
std::array<Purpose, 4> purposes(KeyUse use) {
  return {{{CKA_SIGN, use == KeyUse::sign || use == KeyUse::sign_with_pin},
           {CKA_DERIVE, use == KeyUse::agree},
           {CKA_DECRYPT, use == KeyUse::decrypt},
           {CKA_UNWRAP, use == KeyUse::decrypt}}};
}

Template private_template(KeyUse use, const std::string& label, ByteView id, Wording wording) {
  Template t;
  t.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, true).text(CKA_LABEL, label).bytes(CKA_ID, id);
  t.flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, false);
  for (const auto& each : purposes(use)) {
    if (each.wanted || wording == Wording::every_use) t.flag(each.attribute, each.wanted);
  }
  if (use == KeyUse::sign_with_pin) t.flag(CKA_ALWAYS_AUTHENTICATE, true);
  return t;
}

// NSS keeps the attribute and signs all the same: the attribute is a claim, so the key is tried without the PIN.
bool signs_without_pin(Session& session, const Connection& connection, CK_OBJECT_HANDLE key, KeyKind kind) {
  CK_RSA_PKCS_PSS_PARAMS pss{CKM_SHA256, CKG_MGF1_SHA256, 32};
  CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
  if (is_rsa(kind)) mechanism = {CKM_RSA_PKCS_PSS, &pss, sizeof pss};
  if (session->C_SignInit(session.handle(), &mechanism, key) != CKR_OK) return false;
  const Bytes digest(32);
  Bytes signature;
  if (sign_started(session, digest, signature) == CKR_OK) return true;
  end_refused_signature(session, connection, digest);
  return false;
}

/// What is wrong with the key that the token made; nullptr when nothing is.
const char* weakness(Session& session, const Connection& connection, CK_OBJECT_HANDLE key, KeyKind kind, KeyUse use) {
  if (!read_flag(session, key, CKA_SENSITIVE) || read_flag(session, key, CKA_EXTRACTABLE)) {
    return " made a key that could be exported";
  }
  // tpm2-pkcs11 says of every key that it decrypts; no EC key does, and no RSA key agrees.
  const auto means_nothing = [&](CK_ATTRIBUTE_TYPE type) {
    return is_rsa(kind) == (type == CKA_DERIVE) && type != CKA_SIGN;
  };
  for (const auto& each : purposes(use)) {
    if (!each.wanted && !means_nothing(each.attribute) && read_flag(session, key, each.attribute)) {
      return " made a key with more uses than one";
    }
  }
  if (use != KeyUse::sign_with_pin) return nullptr;
  if (!read_flag(session, key, CKA_ALWAYS_AUTHENTICATE) || signs_without_pin(session, connection, key, kind)) {
    return " ignores the demand for a PIN at each signature";
  }
  return nullptr;
}

// Some tokens accept a template and make a weaker key; such a key does not stay.
void require_strict(Session& session, const Connection& connection, KeyKind kind, KeyUse use,
                    const std::string& label) {
  const auto private_half = find_object(session, connection, CKO_PRIVATE_KEY, label);
  const auto* weak = weakness(session, connection, private_half, kind, use);
  if (weak == nullptr) return;
  auto clean = connection.fresh_session();
  clean->C_DestroyObject(clean.handle(), private_half);
  for (const auto half : find_objects(clean, CKO_PUBLIC_KEY, label)) clean->C_DestroyObject(clean.handle(), half);
  throw Error{Errc::denied, connection.description() + weak + "; the key was destroyed"};
}

CK_RV make_pair(Session& session, KeyKind kind, KeyUse use, const std::string& label, ByteView id, Wording wording) {
  auto public_part = public_template(kind, use, label, id, wording);
  auto private_part = private_template(use, label, id, wording);
  CK_MECHANISM mechanism{is_rsa(kind) ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN, nullptr, 0};
  CK_OBJECT_HANDLE public_half = CK_INVALID_HANDLE;
  CK_OBJECT_HANDLE private_half = CK_INVALID_HANDLE;
  return session->C_GenerateKeyPair(session.handle(), &mechanism, public_part.data(), public_part.size(),
                                    private_part.data(), private_part.size(), &public_half, &private_half);
}

bool is_about_the_template(CK_RV rv) noexcept {
  return rv == CKR_GENERAL_ERROR || rv == CKR_TEMPLATE_INCONSISTENT || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
         rv == CKR_ATTRIBUTE_TYPE_INVALID;
}

void make_pair(Session& session, KeyKind kind, KeyUse use, const std::string& label, ByteView id) {
  CK_RV rv = make_pair(session, kind, use, label, id, Wording::every_use);
  if (is_about_the_template(rv)) rv = make_pair(session, kind, use, label, id, Wording::asked_use);
  session.check(rv, "C_GenerateKeyPair");
}

void make_aes(Session& session, const std::string& label, ByteView id) {
  Template t;
  t.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, true).text(CKA_LABEL, label).bytes(CKA_ID, id);
  t.number(CKA_VALUE_LEN, 32).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, true).flag(CKA_WRAP, true);
  t.flag(CKA_UNWRAP, false).flag(CKA_ENCRYPT, false).flag(CKA_DECRYPT, false);
  t.flag(CKA_SIGN, false).flag(CKA_VERIFY, false).flag(CKA_DERIVE, false);
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  session.check(session->C_GenerateKey(session.handle(), &mechanism, t.data(), t.size(), &made), "C_GenerateKey");
}

KeyInfo describe(Session& session, CK_OBJECT_HANDLE object) {
  KeyInfo info;
  info.label = to_text(read_bytes(session, object, CKA_LABEL));
  info.kind = key_kind(session, object);
  info.id = read_bytes(session, object, CKA_ID);
  info.always_authenticate = read_flag(session, object, CKA_ALWAYS_AUTHENTICATE);
  info.extractable = read_flag(session, object, CKA_EXTRACTABLE);
  info.never_extractable = read_flag(session, object, CKA_NEVER_EXTRACTABLE);
  info.local = read_flag(session, object, CKA_LOCAL);
  return info;
}

// OpenSC labels the two halves of a card's key differently; CKA_ID is what they share.
CK_OBJECT_HANDLE find_public_half(Session& session, const Connection& connection, const std::string& label) {
  const auto private_half = find_objects(session, CKO_PRIVATE_KEY, label);
  if (private_half.size() != 1 || !find_objects(session, CKO_PUBLIC_KEY, label).empty()) {
    return find_object(session, connection, CKO_PUBLIC_KEY, label);
  }
  const auto id = read_bytes(session, private_half.front(), CKA_ID);
  std::vector<CK_OBJECT_HANDLE> matching;
  for (const auto each : find_objects(session, CKO_PUBLIC_KEY, std::nullopt)) {
    if (read_bytes(session, each, CKA_ID) == id) matching.push_back(each);
  }
  if (matching.size() != 1) return find_object(session, connection, CKO_PUBLIC_KEY, label);
  return matching.front();
}

bool has_object(Session& session, const std::string& label) {
  for (const CK_OBJECT_CLASS c : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_SECRET_KEY}) {
    if (!find_objects(session, c, label).empty()) return true;
  }
  return false;
}

/// Looks, then makes: one step to our other processes, and two operations, of which only the looking may be repeated
/// freely.
template <class Make>
void make_new(Connection& connection, const std::string& label, Make&& make) {
  require_name(label, "key label");
  connection.require_login();
  const auto taken = connection.with_session([&](Session& session) { return has_object(session, label); });
  if (taken) throw Error{Errc::exists, connection.description() + " has a key \"" + label + "\" already"};
  const auto id = fresh_id();
  in_context("making key \"" + label + "\"",
             [&] { connection.with_session([&](Session& session) { make(session, id); }, Repeat::only_anew); });
}

}  // namespace

void Token::generate_key(KeyKind kind, KeyUse use, const std::string& label) {
  require_fitting(kind, use);
  auto& connection = *impl_->connection;
  const Connection::Lock lock{connection};
  make_new(connection, label, [&](Session& session, ByteView id) { make_pair(session, kind, use, label, id); });
  // In a session of its own: some tokens keep the refused signature active in it for ever.
  auto session = connection.fresh_session();
  require_strict(session, connection, kind, use, label);
}

void Token::generate_aes_key(const std::string& label) {
  auto& connection = *impl_->connection;
  const Connection::Lock lock{connection};
  make_new(connection, label, [&](Session& session, ByteView id) { make_aes(session, label, id); });
}

bool Token::has_key(const std::string& label) const {
  return impl_->connection->with_session([&](Session& session) { return has_object(session, label); });
}

std::vector<KeyInfo> Token::keys() const {
  auto& connection = *impl_->connection;
  connection.require_login();
  return connection.with_session([](Session& session) {
    std::vector<KeyInfo> list;
    for (const CK_OBJECT_CLASS c : {CKO_PRIVATE_KEY, CKO_SECRET_KEY}) {
      for (const auto object : find_objects(session, c, std::nullopt)) list.push_back(describe(session, object));
    }
    return list;
  });
}

void Token::destroy_key(const std::string& label) {
  auto& connection = *impl_->connection;
  connection.require_login();
  const Connection::Lock lock{connection};
  std::size_t destroyed = 0;
  // Harmless twice: what is gone is not found again. The private half first: after a kill between the two the label is
  // still taken, and this call finishes.
  connection.with_session([&](Session& session) {
    for (const CK_OBJECT_CLASS c : {CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKO_PUBLIC_KEY}) {
      const auto found = find_objects(session, c, label);
      if (found.size() > 1) static_cast<void>(find_object(session, connection, c, label));
      for (const auto object : found) {
        session.check(session->C_DestroyObject(session.handle(), object), "C_DestroyObject");
        ++destroyed;
      }
    }
  });
  if (destroyed == 0) throw Error{Errc::not_found, connection.description() + " has no key \"" + label + "\""};
}

std::unique_ptr<Botan::Public_Key> Token::public_key(const std::string& label) const {
  auto& connection = *impl_->connection;
  return connection.with_session(
      [&](Session& session) { return read_public_key(session, find_public_half(session, connection, label)); });
}

}  // namespace lamp::hsm
