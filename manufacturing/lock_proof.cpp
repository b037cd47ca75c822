#include "manufacturing/lock_proof.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include "lib/crypto/p256.hpp"
#include "lib/crypto/sha256.hpp"

namespace lamp::manufacturing {
namespace {

std::optional<Bytes> point_of(ByteView spki) {
  const auto key = attempt(
      [&] { return guarded(Errc::bad_input, [&] { return Botan::X509::load_key(Bytes{spki.begin(), spki.end()}); }); });
  if (std::holds_alternative<Error>(key)) return std::nullopt;
  return crypto::p256_point(*std::get<0>(key));
}

}  // namespace

Verdict judge_lock_proof(const LockProof& proof, std::string_view serial, ByteView spki) {
  const auto point = point_of(spki);
  if (!point) return {{"its certificate holds no key on P-256"}};
  const auto message = proof_message(proof.nonce, serial, proof.state, proof.debug_port);
  if (!crypto::is_p256_signature(*point, crypto::sha256(message), proof.signature, crypto::SignatureForm::concatenated))
    return {
        {"its signature of the lock does not hold: not this device, nonce or state, or not the key of its "
         "certificate"}};
  if (proof.state != Lifecycle::locked) return {{"it signed that it is " + std::string{name_of(proof.state)}}};
  if (proof.debug_port != DebugPort::locked) return {{"it signed that its debug port is open"}};
  return {};
}

}  // namespace lamp::manufacturing
