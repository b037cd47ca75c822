#include "hsm/probe.hpp"

#include <botan/ec_group.h>
#include <botan/ecdh.h>
#include <botan/ecdsa.h>
#include <botan/hash.h>
#include <botan/pubkey.h>
#include <botan/rsa.h>
#include <botan/system_rng.h>

#include <algorithm>

#include "hsm/objects.hpp"
#include "hsm/public_key.hpp"
#include "hsm/token.hpp"
#include "lib/base/error.hpp"

namespace lamp::hsm {
namespace {

constexpr std::string_view kMessage = "lamplighter token probe";
constexpr std::uint8_t kExponent[] = {0x01, 0x00, 0x01};

/// A key pair that lives as long as this does and never touches the token's memory.
struct Pair {
  TemporaryObject public_half, private_half;
};

Pair make_pair(Session& session, CK_MECHANISM_TYPE type, Template public_part, CK_ATTRIBUTE_TYPE use,
               bool pin_each_time = false) {
  Template private_part;
  private_part.flag(CKA_TOKEN, false).flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, false);
  for (const CK_ATTRIBUTE_TYPE each : {CKA_SIGN, CKA_DERIVE, CKA_DECRYPT}) private_part.flag(each, each == use);
  if (pin_each_time) private_part.flag(CKA_ALWAYS_AUTHENTICATE, true);
  public_part.flag(CKA_TOKEN, false);
  CK_MECHANISM mechanism{type, nullptr, 0};
  CK_OBJECT_HANDLE public_half = CK_INVALID_HANDLE;
  CK_OBJECT_HANDLE private_half = CK_INVALID_HANDLE;
  session.check(session->C_GenerateKeyPair(session.handle(), &mechanism, public_part.data(), public_part.size(),
                                           private_part.data(), private_part.size(), &public_half, &private_half),
                "C_GenerateKeyPair");
  return {{session, public_half}, {session, private_half}};
}

Pair make_ec_pair(Session& session, ByteView curve, CK_ATTRIBUTE_TYPE use, bool pin_each_time = false) {
  Template t;
  t.bytes(CKA_EC_PARAMS, curve);
  return make_pair(session, CKM_EC_KEY_PAIR_GEN, std::move(t), use, pin_each_time);
}

Pair make_rsa_pair(Session& session, CK_ATTRIBUTE_TYPE use) {
  Template t;
  t.number(CKA_MODULUS_BITS, 3072).bytes(CKA_PUBLIC_EXPONENT, kExponent).flag(CKA_ENCRYPT, use == CKA_DECRYPT);
  return make_pair(session, CKM_RSA_PKCS_KEY_PAIR_GEN, std::move(t), use);
}

CK_RV sign(Session& session, CK_OBJECT_HANDLE key, CK_MECHANISM mechanism, ByteView digest, Bytes& signature) {
  const CK_RV started = session->C_SignInit(session.handle(), &mechanism, key);
  if (started != CKR_OK) return started;
  signature.resize(1024);
  CK_ULONG size = signature.size();
  const CK_RV rv = session->C_Sign(session.handle(), mutable_pointer(digest), digest.size(), signature.data(), &size);
  signature.resize(rv == CKR_OK ? size : 0);
  return rv;
}

Bytes hash_of_message(const std::string& name) {
  auto hash = Botan::HashFunction::create_or_throw(name);
  hash->update(as_bytes(kMessage));
  return hash->final_stdvec();
}

Finding judge(const Botan::Public_Key& key, const std::string& padding, ByteView signature) {
  Botan::PK_Verifier verifier{key, padding};
  if (verifier.verify_message(as_bytes(kMessage), signature)) return {"", Outcome::works, "verified in software"};
  return {"", Outcome::unsafe, "gave a signature that does not verify"};
}

Finding probe_ecdsa(Session& session, ByteView curve, const std::string& hash) {
  const auto pair = make_ec_pair(session, curve, CKA_SIGN);
  Bytes signature;
  session.check(sign(session, pair.private_half.handle(), {CKM_ECDSA, nullptr, 0}, hash_of_message(hash), signature),
                "C_Sign");
  return judge(*read_public_key(session, pair.public_half.handle()), hash, signature);
}

Finding probe_pss(Session& session) {
  const auto pair = make_rsa_pair(session, CKA_SIGN);
  CK_RSA_PKCS_PSS_PARAMS parameters{CKM_SHA256, CKG_MGF1_SHA256, 32};
  Bytes signature;
  session.check(sign(session, pair.private_half.handle(), {CKM_RSA_PKCS_PSS, &parameters, sizeof parameters},
                     hash_of_message("SHA-256"), signature),
                "C_Sign");
  return judge(*read_public_key(session, pair.public_half.handle()), "PSS(SHA-256,MGF1,32)", signature);
}

Finding probe_oaep(Session& session, const std::string& hash, CK_MECHANISM_TYPE type, CK_RSA_PKCS_MGF_TYPE mgf) {
  const auto pair = make_rsa_pair(session, CKA_DECRYPT);
  const auto key = read_public_key(session, pair.public_half.handle());
  Botan::PK_Encryptor_EME encryptor{*key, Botan::system_rng(), "OAEP(" + hash + ")"};
  const auto encrypted = encryptor.encrypt(as_bytes(kMessage), Botan::system_rng());
  CK_RSA_PKCS_OAEP_PARAMS parameters{type, mgf, CKZ_DATA_SPECIFIED, nullptr, 0};
  CK_MECHANISM mechanism{CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
  session.check(session->C_DecryptInit(session.handle(), &mechanism, pair.private_half.handle()), "C_DecryptInit");
  Bytes clear(encrypted.size());
  CK_ULONG size = clear.size();
  session.check(session->C_Decrypt(session.handle(), mutable_pointer(encrypted), encrypted.size(), clear.data(), &size),
                "C_Decrypt");
  clear.resize(size);
  if (to_text(clear) == kMessage) return {"", Outcome::works, "decrypts what software encrypted"};
  return {"", Outcome::unsafe, "decrypted to something else"};
}

Finding probe_ecdh(Session& session) {
  const auto pair = make_ec_pair(session, kP256Parameters, CKA_DERIVE);
  const auto group = Botan::EC_Group::from_name("secp256r1");
  const Botan::ECDH_PrivateKey peer{Botan::system_rng(), group};
  const auto shared = derive_shared(session, pair.private_half.handle(), peer.public_value());
  Botan::PK_Key_Agreement software{peer, Botan::system_rng(), "Raw"};
  const auto point = unwrap_point(read_bytes(session, pair.public_half.handle(), CKA_EC_POINT));
  if (software.derive_key(32, point).bits_of() == shared) return {"", Outcome::works, "agrees with software"};
  return {"", Outcome::unsafe, "gave a wrong shared secret"};
}

CK_OBJECT_HANDLE make_session_aes(Session& session) {
  Template t;
  t.flag(CKA_TOKEN, false).flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, true);
  t.number(CKA_VALUE_LEN, 32).flag(CKA_WRAP, true);
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  session.check(session->C_GenerateKey(session.handle(), &mechanism, t.data(), t.size(), &made), "C_GenerateKey");
  return made;
}

Finding probe_key_wrap(Session& session) {
  const TemporaryObject kek{session, make_session_aes(session)};
  const TemporaryObject key{session, make_session_aes(session)};
  CK_MECHANISM mechanism{CKM_AES_KEY_WRAP, nullptr, 0};
  Bytes wrapped(64);
  CK_ULONG size = wrapped.size();
  session.check(session->C_WrapKey(session.handle(), &mechanism, kek.handle(), key.handle(), wrapped.data(), &size),
                "C_WrapKey");
  if (size == 40) return {"", Outcome::works, "wraps an AES-256 key into 40 bytes"};
  return {"", Outcome::unsafe, "wrapped an AES-256 key into " + std::to_string(size) + " bytes"};
}

Finding probe_pin_each_time(Session& session) {
  const auto pair = make_ec_pair(session, kP256Parameters, CKA_SIGN, true);
  Bytes signature;
  const CK_RV rv =
      sign(session, pair.private_half.handle(), {CKM_ECDSA, nullptr, 0}, hash_of_message("SHA-256"), signature);
  if (rv == CKR_OK) return {"", Outcome::unsafe, "signed without the PIN"};
  return {"", Outcome::works, "refused a signature without the PIN (" + return_code_name(rv) + ")"};
}

Finding probe_secrecy(Session& session) {
  const auto pair = make_ec_pair(session, kP256Parameters, CKA_SIGN);
  Template opened;
  opened.flag(CKA_EXTRACTABLE, true);
  const CK_RV rv =
      session->C_SetAttributeValue(session.handle(), pair.private_half.handle(), opened.data(), opened.size());
  SecureBytes value(256);
  CK_ATTRIBUTE attribute{CKA_VALUE, value.data(), value.size()};
  if (session->C_GetAttributeValue(session.handle(), pair.private_half.handle(), &attribute, 1) == CKR_OK) {
    return {"", Outcome::unsafe, "gave out the bytes of a sensitive private key"};
  }
  if (rv == CKR_OK) return {"", Outcome::unsafe, "let a private key be declared extractable"};
  return {"", Outcome::works, "refused to be read and to be made extractable (" + return_code_name(rv) + ")"};
}

Finding probe_single_use(Session& session) {
  const auto pair = make_ec_pair(session, kP256Parameters, CKA_DERIVE);
  Bytes signature;
  const CK_RV rv =
      sign(session, pair.private_half.handle(), {CKM_ECDSA, nullptr, 0}, hash_of_message("SHA-256"), signature);
  if (rv == CKR_OK) return {"", Outcome::unsafe, "signed with a key made for agreement only"};
  return {"", Outcome::works, "refused to sign with a key made for agreement (" + return_code_name(rv) + ")"};
}

}  // namespace

std::vector<Finding> Token::probe() {
  auto& connection = *impl_->connection;
  connection.require_login();
  std::vector<Finding> findings;
  // Each in a session of its own that is closed afterwards: a refused operation stays active in some tokens' sessions.
  const auto run = [&](const char* what, auto&& test) {
    auto found = attempt([&] {
      auto session = connection.fresh_session();
      return guarded(Errc::unavailable, [&] { return test(session); });
    });
    Finding finding{what, Outcome::missing, ""};
    if (auto* done = std::get_if<Finding>(&found)) {
      finding.outcome = done->outcome;
      finding.detail = done->detail;
    } else {
      finding.detail = std::get<Error>(found).what();
    }
    findings.push_back(std::move(finding));
  };
  run("ECDSA P-256", [](Session& s) { return probe_ecdsa(s, kP256Parameters, "SHA-256"); });
  run("ECDSA P-384", [](Session& s) { return probe_ecdsa(s, kP384Parameters, "SHA-384"); });
  run("RSA-PSS, salt as long as the hash", probe_pss);
  run("ECDH P-256, raw x coordinate", probe_ecdh);
  run("RSA-OAEP with SHA-256", [](Session& s) { return probe_oaep(s, "SHA-256", CKM_SHA256, CKG_MGF1_SHA256); });
  run("RSA-OAEP with SHA-1", [](Session& s) { return probe_oaep(s, "SHA-1", CKM_SHA_1, CKG_MGF1_SHA1); });
  run("AES key wrap (RFC 3394)", probe_key_wrap);
  run("PIN at each signature is enforced", probe_pin_each_time);
  run("private keys stay inside", probe_secrecy);
  run("a key's one use is enforced", probe_single_use);
  return findings;
}

}  // namespace lamp::hsm
