// What a token must refuse: each rule is broken on purpose with a key made for that.
#include <botan/pk_keys.h>
#include <botan/pubkey.h>

#include "hsm/probing/bench.hpp"

namespace lamp::hsm::probing {
namespace {

using Answer = std::pair<Outcome, std::string>;

CK_RV sign_p256(Bench& bench, const Pair& pair) {
  auto session = bench.session();
  Bytes signature;
  return sign(session, pair.private_half, {CKM_ECDSA, nullptr, 0}, hash_of_message("SHA-256"), signature);
}

// Without the PIN; true when the token signed.
bool signs_unasked(Bench& bench, const Pair& pair, CK_RV& refusal) {
  auto session = bench.session();
  const auto digest = hash_of_message("SHA-256");
  Bytes signature;
  refusal = sign(session, pair.private_half, {CKM_ECDSA, nullptr, 0}, digest, signature);
  if (refusal != CKR_OK) end_refused_signature(session, bench.connection(), digest);
  return refusal == CKR_OK;
}

Bytes sign_with_pin(Bench& bench, const Pair& pair) {
  auto session = bench.session();
  CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
  session.check(session->C_SignInit(session.handle(), &mechanism, pair.private_half), "C_SignInit");
  bench.connection().context_login(session);
  Bytes signature;
  session.check(sign_started(session, hash_of_message("SHA-256"), signature), "C_Sign");
  return signature;
}

Answer try_pin_each_time(Bench& bench) {
  const Connection::Lock lock{bench.connection()};  // each login rewrites SoftHSM's token file
  auto wish = ec_key(kP256Parameters, CKA_SIGN);
  wish.more = [](Template& t) { t.flag(CKA_ALWAYS_AUTHENTICATE, true); };
  const auto pair = bench.fresh_pair(wish);
  CK_RV refusal = CKR_OK;
  if (signs_unasked(bench, pair, refusal)) return {Outcome::unsafe, "signed without the PIN"};
  const auto key = bench.public_key(pair);
  Botan::PK_Verifier verifier{*key, "SHA-256"};
  // A key that the token would not use for anything is no proof: with the PIN it must sign.
  if (!verifier.verify_message(as_bytes(kMessage), sign_with_pin(bench, pair))) {
    return {Outcome::unsafe, "gave a signature that does not verify"};
  }
  if (signs_unasked(bench, pair, refusal)) return {Outcome::unsafe, "signed twice for one PIN"};
  return {Outcome::works, "signed with the PIN, refused without it (" + return_code_name(refusal) + ")"};
}

bool value_comes_out(Session& session, CK_OBJECT_HANDLE key) {
  SecureBytes value(256);
  CK_ATTRIBUTE attribute{CKA_VALUE, value.data(), value.size()};
  return session->C_GetAttributeValue(session.handle(), key, &attribute, 1) == CKR_OK &&
         attribute.ulValueLen != CK_UNAVAILABLE_INFORMATION && attribute.ulValueLen != 0;
}

bool wraps(Bench& bench, Session& session, CK_OBJECT_HANDLE key) {
  const auto kek = attempt([&] { return bench.aes_key(); });
  if (!std::holds_alternative<CK_OBJECT_HANDLE>(kek)) return false;
  CK_MECHANISM mechanism{CKM_AES_KEY_WRAP_PAD, nullptr, 0};
  Bytes wrapped(4096);
  CK_ULONG size = wrapped.size();
  return session->C_WrapKey(session.handle(), &mechanism, std::get<CK_OBJECT_HANDLE>(kek), key, wrapped.data(),
                            &size) == CKR_OK;
}

Answer try_secrecy(Bench& bench) {
  const auto pair = bench.pair("p256", ec_key(kP256Parameters, CKA_SIGN));
  auto session = bench.session();
  if (value_comes_out(session, pair.private_half)) return {Outcome::unsafe, "gave out a private key"};
  if (wraps(bench, session, pair.private_half)) return {Outcome::unsafe, "wrapped a key that is not extractable"};
  return {Outcome::works, "neither read nor wrapped"};
}

Answer try_extractable(Bench& bench) {
  const auto pair = bench.fresh_pair(ec_key(kP256Parameters, CKA_SIGN));
  auto session = bench.session();
  Template opened;
  opened.flag(CKA_EXTRACTABLE, true);
  const CK_RV rv = session->C_SetAttributeValue(session.handle(), pair.private_half, opened.data(), opened.size());
  if (value_comes_out(session, pair.private_half) || wraps(bench, session, pair.private_half)) {
    return {Outcome::unsafe, "gave out a key once it was declared extractable"};
  }
  if (rv == CKR_OK) return {Outcome::works, "let the key be declared extractable, yet did not give it out"};
  return {Outcome::works, "refused (" + return_code_name(rv) + ")"};
}

Answer try_single_use(Bench& bench) {
  const auto pair = bench.pair("ecdh", ec_key(kP256Parameters, CKA_DERIVE));
  const CK_RV rv = sign_p256(bench, pair);
  if (rv == CKR_OK) return {Outcome::unsafe, "signed with a key made for agreement only"};
  return {Outcome::works, "refused to sign with a key made for agreement (" + return_code_name(rv) + ")"};
}

Answer try_allowed_mechanisms(Bench& bench) {
  auto wish = ec_key(kP256Parameters, CKA_SIGN);
  const CK_MECHANISM_TYPE allowed[] = {CKM_ECDSA_SHA1};
  wish.more = [&](Template& t) {
    t.bytes(CKA_ALLOWED_MECHANISMS, {reinterpret_cast<const std::uint8_t*>(allowed), sizeof allowed});
  };
  const CK_RV rv = sign_p256(bench, bench.fresh_pair(wish));
  if (rv == CKR_OK) return {Outcome::missing, "made the key, then signed with another mechanism; not relied upon"};
  return {Outcome::works, "refused another mechanism (" + return_code_name(rv) + ")"};
}

Answer try_modifiable(Bench& bench) {
  auto wish = ec_key(kP256Parameters, CKA_SIGN);
  wish.more = [](Template& t) { t.flag(CKA_MODIFIABLE, false); };
  const auto pair = bench.fresh_pair(wish);
  auto session = bench.session();
  Template renamed;
  const std::string label = "renamed";
  renamed.text(CKA_LABEL, label);
  const CK_RV rv = session->C_SetAttributeValue(session.handle(), pair.private_half, renamed.data(), renamed.size());
  if (rv == CKR_OK) return {Outcome::missing, "made the key, then let it be renamed; not relied upon"};
  return {Outcome::works, "refused a new label (" + return_code_name(rv) + ")"};
}

}  // namespace

std::vector<Try> rule_tries() {
  return {
      {"pin-each-time", "PIN at each signature is enforced", try_pin_each_time},
      {"secrecy", "private keys stay inside", try_secrecy},
      {"extractable", "a key cannot be made extractable", try_extractable},
      {"single-use", "a key's one use is enforced", try_single_use},
      {"allowed-mechanisms", "a key's list of mechanisms is enforced", try_allowed_mechanisms},
      {"modifiable", "a key can be made unchangeable", try_modifiable},
  };
}

}  // namespace lamp::hsm::probing
