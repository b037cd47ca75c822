// Elliptic curves: signing over a digest and with the token's own hash, EdDSA, both forms of a point in ECDH.
#include <botan/ec_group.h>
#include <botan/ecdh.h>
#include <botan/ecdsa.h>
#include <botan/ed25519.h>
#include <botan/pubkey.h>
#include <botan/system_rng.h>

#include "hsm/probing/bench.hpp"

namespace lamp::hsm::probing {
namespace {

using Answer = std::pair<Outcome, std::string>;

// PrintableString "edwards25519", as PKCS#11 3.0 has it.
constexpr std::uint8_t kEd25519Parameters[] = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};

Answer judge(const Botan::Public_Key& key, const std::string& padding, ByteView signature) {
  Botan::PK_Verifier verifier{key, padding};
  if (verifier.verify_message(as_bytes(kMessage), signature)) return {Outcome::works, "verified in software"};
  return {Outcome::unsafe, "gave a signature that does not verify"};
}

Answer try_ecdsa(Bench& bench, const std::string& kept_as, ByteView curve, CK_MECHANISM_TYPE mechanism,
                 const std::string& hash) {
  const auto pair = bench.pair(kept_as, ec_key(curve, CKA_SIGN));
  auto session = bench.session();
  const auto input = mechanism == CKM_ECDSA ? hash_of_message(hash) : to_bytes(kMessage);
  Bytes signature;
  session.check(sign(session, pair.private_half, {mechanism, nullptr, 0}, input, signature), "C_Sign");
  return judge(*bench.public_key(pair), hash, signature);
}

Answer try_eddsa(Bench& bench) {
  const auto pair = bench.fresh_pair({CKM_EC_EDWARDS_KEY_PAIR_GEN, kEd25519Parameters, 0, CKA_SIGN});
  auto session = bench.session();
  Bytes signature;
  session.check(sign(session, pair.private_half, {CKM_EDDSA, nullptr, 0}, as_bytes(kMessage), signature), "C_Sign");
  const auto point = unwrap_point(read_bytes(session, pair.public_half, CKA_EC_POINT));
  return judge(Botan::Ed25519_PublicKey{point}, "Pure", signature);
}

Answer try_ecdh(Bench& bench, PointForm form) {
  const auto pair = bench.pair("ecdh", ec_key(kP256Parameters, CKA_DERIVE));
  auto session = bench.session();
  const Botan::ECDH_PrivateKey peer{Botan::system_rng(), Botan::EC_Group::from_name("secp256r1")};
  const auto bare = peer.public_value();
  const auto shared =
      derive_shared(session, pair.private_half, form == PointForm::der ? der_octets(bare) : Bytes{bare});
  Botan::PK_Key_Agreement software{peer, Botan::system_rng(), "Raw"};
  const auto point = unwrap_point(read_bytes(session, pair.public_half, CKA_EC_POINT));
  if (software.derive_key(32, point).bits_of() == shared) return {Outcome::works, "agrees with software"};
  return {Outcome::unsafe, "gave a wrong shared secret"};
}

}  // namespace

std::vector<Try> ec_tries() {
  return {
      {"ecdsa-p256", "ECDSA P-256 over a digest",
       [](Bench& b) { return try_ecdsa(b, "p256", kP256Parameters, CKM_ECDSA, "SHA-256"); }},
      {"ecdsa-p384", "ECDSA P-384 over a digest",
       [](Bench& b) { return try_ecdsa(b, "p384", kP384Parameters, CKM_ECDSA, "SHA-384"); }},
      {"ecdsa-sha256", "ECDSA P-256, hashing in the token",
       [](Bench& b) { return try_ecdsa(b, "p256", kP256Parameters, CKM_ECDSA_SHA256, "SHA-256"); }},
      {"eddsa", "Ed25519", try_eddsa},
      {"ecdh-bare", "ECDH P-256, bare point", [](Bench& b) { return try_ecdh(b, PointForm::bare); }},
      {"ecdh-der", "ECDH P-256, point as DER", [](Bench& b) { return try_ecdh(b, PointForm::der); }},
  };
}

}  // namespace lamp::hsm::probing
