// RSA: PSS over a digest and with the token's own hash, salts, the hash of OAEP; AES key wrap.
#include <botan/pk_keys.h>
#include <botan/pubkey.h>
#include <botan/system_rng.h>

#include "hsm/probing/bench.hpp"

namespace lamp::hsm::probing {
namespace {

using Answer = std::pair<Outcome, std::string>;

constexpr CK_ULONG kBits = 3072;

struct Pss {
  CK_MECHANISM_TYPE mechanism;
  CK_ULONG salt;
  CK_RSA_PKCS_MGF_TYPE mgf;
};

Bytes pss_signature(Bench& bench, const Pair& pair, const Pss& how) {
  auto session = bench.session();
  CK_RSA_PKCS_PSS_PARAMS parameters{CKM_SHA256, how.mgf, how.salt};
  const auto input = how.mechanism == CKM_RSA_PKCS_PSS ? hash_of_message("SHA-256") : to_bytes(kMessage);
  Bytes signature;
  session.check(sign(session, pair.private_half, {how.mechanism, &parameters, sizeof parameters}, input, signature),
                "C_Sign");
  return signature;
}

Answer try_pss(Bench& bench, CK_ULONG bits, const Pss& how) {
  const auto pair = bench.pair("rsa" + std::to_string(bits), rsa_key(bits, CKA_SIGN));
  const auto signature = pss_signature(bench, pair, how);
  const auto key = bench.public_key(pair);
  Botan::PK_Verifier verifier{*key, "PSS(SHA-256,MGF1," + std::to_string(how.salt) + ")"};
  if (verifier.verify_message(as_bytes(kMessage), signature)) return {Outcome::works, "verified in software"};
  return {Outcome::unsafe, "gave a signature that does not verify"};
}

Answer try_one_use(Bench& bench) {
  const auto pair = bench.pair("rsa3072", rsa_key(kBits, CKA_SIGN));
  auto session = bench.session();
  if (!read_flag(session, pair.private_half, CKA_DECRYPT)) return {Outcome::works, "a signing key does not decrypt"};
  return {Outcome::missing, "a signing key decrypts as well; this library makes no RSA key here"};
}

Answer try_mixed_pss(Bench& bench) {
  const auto pair = bench.pair("rsa3072", rsa_key(kBits, CKA_SIGN));
  const auto signed_so = attempt([&] { return pss_signature(bench, pair, {CKM_RSA_PKCS_PSS, 32, CKG_MGF1_SHA1}); });
  if (const auto* error = std::get_if<Error>(&signed_so))
    return {Outcome::note, std::string{"refused: "} + error->what()};
  return {Outcome::note, "accepted; this library never asks for it"};
}

Answer try_oaep(Bench& bench, const std::string& hash, CK_MECHANISM_TYPE type, CK_RSA_PKCS_MGF_TYPE mgf) {
  const auto pair = bench.pair("oaep", rsa_key(kBits, CKA_DECRYPT));
  auto session = bench.session();
  const auto key = bench.public_key(pair);
  Botan::PK_Encryptor_EME encryptor{*key, Botan::system_rng(), "OAEP(" + hash + ")"};
  const auto encrypted = encryptor.encrypt(as_bytes(kMessage), Botan::system_rng());
  CK_RSA_PKCS_OAEP_PARAMS parameters{type, mgf, CKZ_DATA_SPECIFIED, nullptr, 0};
  CK_MECHANISM mechanism{CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
  session.check(session->C_DecryptInit(session.handle(), &mechanism, pair.private_half), "C_DecryptInit");
  Bytes clear(encrypted.size());
  CK_ULONG size = clear.size();
  session.check(session->C_Decrypt(session.handle(), mutable_pointer(encrypted), encrypted.size(), clear.data(), &size),
                "C_Decrypt");
  clear.resize(size);
  if (to_text(clear) == kMessage) return {Outcome::works, "decrypts what software encrypted"};
  return {Outcome::unsafe, "decrypted to something else"};
}

Answer try_key_wrap(Bench& bench) {
  const auto kek = bench.aes_key();
  const auto key = bench.aes_key();
  auto session = bench.session();
  CK_MECHANISM mechanism{CKM_AES_KEY_WRAP, nullptr, 0};
  Bytes wrapped(64);
  CK_ULONG size = wrapped.size();
  session.check(session->C_WrapKey(session.handle(), &mechanism, kek, key, wrapped.data(), &size), "C_WrapKey");
  if (size == 40) return {Outcome::works, "wraps an AES-256 key into 40 bytes"};
  return {Outcome::unsafe, "wrapped an AES-256 key into " + std::to_string(size) + " bytes"};
}

}  // namespace

std::vector<Try> rsa_tries() {
  return {
      {"pss-3072", "RSA-3072 PSS over a digest",
       [](Bench& b) { return try_pss(b, kBits, {CKM_RSA_PKCS_PSS, 32, CKG_MGF1_SHA256}); }},
      {"pss-4096", "RSA-4096 PSS over a digest",
       [](Bench& b) { return try_pss(b, 4096, {CKM_RSA_PKCS_PSS, 32, CKG_MGF1_SHA256}); }},
      {"pss-sha256", "RSA-PSS, hashing in the token",
       [](Bench& b) { return try_pss(b, kBits, {CKM_SHA256_RSA_PKCS_PSS, 32, CKG_MGF1_SHA256}); }},
      {"pss-no-salt", "RSA-PSS without a salt",
       [](Bench& b) { return try_pss(b, kBits, {CKM_RSA_PKCS_PSS, 0, CKG_MGF1_SHA256}); }},
      {"pss-mixed", "RSA-PSS, another hash in its mask", try_mixed_pss},
      {"rsa-one-use", "RSA keys have one use", try_one_use},
      {"oaep-sha256", "RSA-OAEP with SHA-256",
       [](Bench& b) { return try_oaep(b, "SHA-256", CKM_SHA256, CKG_MGF1_SHA256); }},
      {"oaep-sha1", "RSA-OAEP with SHA-1", [](Bench& b) { return try_oaep(b, "SHA-1", CKM_SHA_1, CKG_MGF1_SHA1); }},
      {"aes-wrap", "AES key wrap (RFC 3394)", try_key_wrap},
  };
}

}  // namespace lamp::hsm::probing
