#include "hsm/key_trial.hpp"

#include <botan/ec_group.h>
#include <botan/ecdh.h>
#include <botan/hash.h>
#include <botan/pk_keys.h>
#include <botan/pubkey.h>
#include <botan/system_rng.h>

#include <algorithm>
#include <array>

#include "hsm/objects.hpp"
#include "hsm/public_key.hpp"
#include "lib/base/error.hpp"

namespace lamp::hsm {
namespace {

template <class T>
struct Named {
  std::string_view name;
  T value;
};
constexpr std::array<Named<KeyClaim>, 7> kClaims{{{"sensitive", KeyClaim::sensitive},
                                                  {"never-extractable", KeyClaim::never_extractable},
                                                  {"local", KeyClaim::local},
                                                  {"sign-only", KeyClaim::sign_only},
                                                  {"agree-only", KeyClaim::agree_only},
                                                  {"decrypt-only", KeyClaim::decrypt_only},
                                                  {"pin-each-time", KeyClaim::pin_each_time}}};
constexpr std::array<Named<Forbidden>, 7> kForbidden{{{"reading", Forbidden::reading},
                                                      {"extraction", Forbidden::extraction},
                                                      {"wrapping", Forbidden::wrapping},
                                                      {"signing", Forbidden::signing},
                                                      {"derivation", Forbidden::derivation},
                                                      {"decryption", Forbidden::decryption},
                                                      {"signing-without-pin", Forbidden::signing_without_pin}}};
constexpr std::array<Named<KeyKind>, 4> kKinds{
    {{"p256", KeyKind::p256}, {"p384", KeyKind::p384}, {"rsa3072", KeyKind::rsa3072}, {"rsa4096", KeyKind::rsa4096}}};
constexpr std::array<Named<KeyUse>, 4> kUses{{{"sign", KeyUse::sign},
                                              {"sign-with-pin", KeyUse::sign_with_pin},
                                              {"agree", KeyUse::agree},
                                              {"decrypt", KeyUse::decrypt}}};

template <class T, std::size_t N>
std::string_view name_of(const std::array<Named<T>, N>& all, T value) noexcept {
  const auto found = std::ranges::find(all, value, &Named<T>::value);
  return found == all.end() ? std::string_view{} : found->name;
}

template <class T, std::size_t N>
std::optional<T> value_of(const std::array<Named<T>, N>& all, std::string_view name) noexcept {
  const auto found = std::ranges::find(all, name, &Named<T>::name);
  return found == all.end() ? std::nullopt : std::optional{found->value};
}

constexpr std::array<std::uint8_t, 32> kDigest{0x42};

/// Codes that say nothing about the key: the token, its session or this host is out of order.
bool is_out_of_order(CK_RV rv) noexcept {
  constexpr std::array<CK_RV, 11> codes{CKR_DEVICE_ERROR,      CKR_DEVICE_MEMORY,           CKR_DEVICE_REMOVED,
                                        CKR_HOST_MEMORY,       CKR_SESSION_CLOSED,          CKR_SESSION_HANDLE_INVALID,
                                        CKR_TOKEN_NOT_PRESENT, CKR_OBJECT_HANDLE_INVALID,   CKR_KEY_HANDLE_INVALID,
                                        CKR_OPERATION_ACTIVE,  CKR_CRYPTOKI_NOT_INITIALIZED};
  return std::ranges::find(codes, rv) != codes.end();
}

Trial judge(Forbidden forbidden, CK_RV rv, const char* call) {
  if (is_out_of_order(rv)) check(rv, call);
  return {forbidden, rv != CKR_OK, return_code_name(rv)};
}

/// The first code of several tries that is not a refusal, else the first code.
CK_RV least_refused(std::initializer_list<CK_RV> codes) {
  for (const auto rv : codes)
    if (rv == CKR_OK || is_out_of_order(rv)) return rv;
  return *codes.begin();
}

/// A key under trial, in a session of its own: a refused operation stays active in some tokens' sessions.
class OnTrial {
 public:
  OnTrial(Connection& connection, const std::string& label)
      : connection_{connection}, session_{connection.fresh_session()}, label_{label} {
    key_ = find_object(session_, connection, CKO_PRIVATE_KEY, label);
  }

  [[nodiscard]] Trial run(Forbidden what) {
    switch (what) {
      case Forbidden::reading: return read();
      case Forbidden::extraction: return declare_extractable();
      case Forbidden::wrapping: return wrap();
      case Forbidden::signing:
      case Forbidden::signing_without_pin: return sign(what);
      case Forbidden::derivation: return derive();
      case Forbidden::decryption: return decrypt();
    }
    throw Error{Errc::internal, "a trial that is none"};
  }

 private:
  CK_RV read_attribute(CK_ATTRIBUTE_TYPE type) {
    SecureBytes value(1024);
    CK_ATTRIBUTE attribute{type, value.data(), value.size()};
    return session_->C_GetAttributeValue(session_.handle(), key_, &attribute, 1);
  }

  CK_RV set_flag(CK_ATTRIBUTE_TYPE type, bool value) {
    Template t;
    t.flag(type, value);
    return session_->C_SetAttributeValue(session_.handle(), key_, t.data(), t.size());
  }

  Trial read() {
    return judge(Forbidden::reading, least_refused({read_attribute(CKA_VALUE), read_attribute(CKA_PRIVATE_EXPONENT)}),
                 "C_GetAttributeValue");
  }

  Trial declare_extractable() {
    const auto rv = least_refused({set_flag(CKA_EXTRACTABLE, true), set_flag(CKA_SENSITIVE, false)});
    auto trial = judge(Forbidden::extraction, rv, "C_SetAttributeValue");
    if (trial.refused) return trial;
    // Some tokens say yes and change nothing.
    trial.refused = read_flag(session_, key_, CKA_SENSITIVE) && !read_flag(session_, key_, CKA_EXTRACTABLE);
    if (trial.refused) trial.answer += ", without effect";
    return trial;
  }

  CK_RV wrap_by(CK_OBJECT_HANDLE with, CK_MECHANISM mechanism) {
    SecureBytes wrapped(8192);
    CK_ULONG size = wrapped.size();
    return session_->C_WrapKey(session_.handle(), &mechanism, with, key_, wrapped.data(), &size);
  }

  Trial wrap() {
    Template t;
    t.flag(CKA_TOKEN, false).flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).number(CKA_VALUE_LEN, 32);
    t.flag(CKA_WRAP, true);
    CK_MECHANISM make{CKM_AES_KEY_GEN, nullptr, 0};
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    check(session_->C_GenerateKey(session_.handle(), &make, t.data(), t.size(), &made), "C_GenerateKey");
    const TemporaryObject wrapping{session_, made};
    std::array<std::uint8_t, 16> start{};
    const auto rv =
        least_refused({wrap_by(made, {CKM_AES_KEY_WRAP_PAD, nullptr, 0}), wrap_by(made, {CKM_AES_KEY_WRAP, nullptr, 0}),
                       wrap_by(made, {CKM_AES_CBC_PAD, start.data(), start.size()})});
    return judge(Forbidden::wrapping, rv, "C_WrapKey");
  }

  [[nodiscard]] bool is_rsa() { return read_number(session_, key_, CKA_KEY_TYPE) == CKK_RSA; }

  Trial sign(Forbidden what) {
    CK_RSA_PKCS_PSS_PARAMS pss{CKM_SHA256, CKG_MGF1_SHA256, 32};
    CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
    if (is_rsa()) mechanism = {CKM_RSA_PKCS_PSS, &pss, sizeof pss};
    CK_RV rv = session_->C_SignInit(session_.handle(), &mechanism, key_);
    if (rv == CKR_OK) {
      Bytes signature(1024);
      CK_ULONG size = signature.size();
      rv = session_->C_Sign(session_.handle(), mutable_pointer(kDigest), kDigest.size(), signature.data(), &size);
    }
    return judge(what, rv, "C_Sign");
  }

  Trial derive() {
    const bool p384 = !is_rsa() && key_kind(session_, key_) == "p384";
    const Botan::ECDH_PrivateKey peer{Botan::system_rng(),
                                      Botan::EC_Group::from_name(p384 ? "secp384r1" : "secp256r1")};
    const auto point = peer.public_value();
    CK_ECDH1_DERIVE_PARAMS parameters{CKD_NULL, 0, nullptr, point.size(), mutable_pointer(point)};
    CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &parameters, sizeof parameters};
    Template t;
    t.number(CKA_CLASS, CKO_SECRET_KEY).number(CKA_KEY_TYPE, CKK_GENERIC_SECRET).number(CKA_VALUE_LEN, 32);
    t.flag(CKA_TOKEN, false).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, false);
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    const CK_RV rv = session_->C_DeriveKey(session_.handle(), &mechanism, key_, t.data(), t.size(), &made);
    if (rv == CKR_OK) session_->C_DestroyObject(session_.handle(), made);
    return judge(Forbidden::derivation, rv, "C_DeriveKey");
  }

  /// What was encrypted to this very key where it is RSA, so that a token has no other reason to refuse.
  [[nodiscard]] Bytes ciphertext() {
    if (!is_rsa()) return Bytes(256);
    const auto key = read_public_key(session_, find_object(session_, connection_, CKO_PUBLIC_KEY, label_));
    Botan::PK_Encryptor_EME encryptor{*key, Botan::system_rng(), "PKCS1v15"};
    return encryptor.encrypt(kDigest, Botan::system_rng());
  }

  Trial decrypt() {
    const auto input = ciphertext();
    CK_MECHANISM mechanism{CKM_RSA_PKCS, nullptr, 0};
    CK_RV rv = session_->C_DecryptInit(session_.handle(), &mechanism, key_);
    if (rv == CKR_OK) {
      SecureBytes clear(1024);
      CK_ULONG size = clear.size();
      rv = session_->C_Decrypt(session_.handle(), mutable_pointer(input), input.size(), clear.data(), &size);
    }
    return judge(Forbidden::decryption, rv, "C_Decrypt");
  }

  Connection& connection_;
  Session session_;
  const std::string& label_;
  CK_OBJECT_HANDLE key_ = CK_INVALID_HANDLE;
};

/// Good for this one use and no other. CKA_SIGN_RECOVER is left aside: tokens set it of themselves (SoftHSM for every
/// private key), and no mechanism for it is used with such keys; trying to sign tells more.
bool only(Session& session, CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE use) {
  constexpr std::array<CK_ATTRIBUTE_TYPE, 5> uses{CKA_SIGN, CKA_DERIVE, CKA_DECRYPT, CKA_UNWRAP, CKA_WRAP};
  return std::ranges::all_of(uses, [&](CK_ATTRIBUTE_TYPE each) {
    // A key that decrypts may unwrap: the two differ in where the result stays.
    const bool may = each == use || (use == CKA_DECRYPT && each == CKA_UNWRAP);
    return read_flag(session, key, each) ? may : each != use;
  });
}

bool bears_out(Session& session, CK_OBJECT_HANDLE key, KeyClaim claim) {
  switch (claim) {
    case KeyClaim::sensitive: return read_flag(session, key, CKA_SENSITIVE);
    case KeyClaim::never_extractable:
      return read_flag(session, key, CKA_NEVER_EXTRACTABLE) && !read_flag(session, key, CKA_EXTRACTABLE);
    case KeyClaim::local: return read_flag(session, key, CKA_LOCAL);
    case KeyClaim::sign_only: return only(session, key, CKA_SIGN);
    case KeyClaim::agree_only: return only(session, key, CKA_DERIVE);
    case KeyClaim::decrypt_only: return only(session, key, CKA_DECRYPT);
    case KeyClaim::pin_each_time: return read_flag(session, key, CKA_ALWAYS_AUTHENTICATE);
  }
  return false;
}

}  // namespace

std::string_view text(KeyClaim claim) noexcept { return name_of(kClaims, claim); }
std::string_view text(Forbidden forbidden) noexcept { return name_of(kForbidden, forbidden); }
std::string_view text(KeyKind kind) noexcept { return name_of(kKinds, kind); }
std::string_view text(KeyUse use) noexcept { return name_of(kUses, use); }
std::optional<KeyClaim> parse_claim(std::string_view text) noexcept { return value_of(kClaims, text); }
std::optional<Forbidden> parse_forbidden(std::string_view text) noexcept { return value_of(kForbidden, text); }
std::optional<KeyKind> parse_key_kind(std::string_view text) noexcept { return value_of(kKinds, text); }
std::optional<KeyUse> parse_key_use(std::string_view text) noexcept { return value_of(kUses, text); }

bool Token::key_claims(const std::string& label, KeyClaim claim) const {
  auto& connection = *impl_->connection;
  connection.require_login();
  return connection.with_session([&](Session& session) {
    return bears_out(session, find_object(session, connection, CKO_PRIVATE_KEY, label), claim);
  });
}

Trial Token::try_forbidden(const std::string& label, Forbidden what) {
  auto& connection = *impl_->connection;
  connection.require_login();
  return in_context("trying " + std::string{text(what)} + " on key \"" + label + "\"",
                    [&] { return guarded(Errc::unavailable, [&] { return OnTrial{connection, label}.run(what); }); });
}

}  // namespace lamp::hsm
