#include "manufacturing/device_session.hpp"

#include <botan/ecdsa.h>
#include <botan/pubkey.h>
#include <botan/rng.h>
#include <botan/x509_key.h>

#include "lib/base/error.hpp"

namespace lamp::manufacturing {
namespace {

constexpr int kStaleAnswers = 4;

/// Only a P-256 key can be an IDevID key.
std::unique_ptr<Botan::Public_Key> device_key(ByteView spki) {
  auto key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(Bytes{spki.begin(), spki.end()}); });
  const auto* ecdsa = dynamic_cast<const Botan::ECDSA_PublicKey*>(key.get());
  if (ecdsa == nullptr || ecdsa->domain().get_curve_oid() != Botan::OID{"1.2.840.10045.3.1.7"})
    throw Error{Errc::denied, "the device's key is not on P-256"};
  return key;
}

void require_signature(ByteView spki, ByteView message, ByteView signature, const char* of) {
  const auto key = device_key(spki);
  const bool valid = guarded(Errc::bad_input, [&] {
    Botan::PK_Verifier verifier{*key, "SHA-256"};
    return verifier.verify_message(message, signature);
  });
  if (!valid) throw Error{Errc::denied, std::string{"the device's signature of "} + of + " does not hold"};
}

[[noreturn]] void refuse(Operation operation, const Refusal& refusal) {
  std::string message =
      "the device refused " + std::string{name_of(operation)} + ": " + std::string{name_of(refusal.status)};
  if (!refusal.detail.empty()) message += " (" + refusal.detail + ")";
  throw Error{refusal.status == Status::internal ? Errc::unavailable : Errc::denied, message};
}

std::uint32_t random_start(Botan::RandomNumberGenerator& rng) {
  std::uint32_t start = 0;
  for (const auto byte : rng.random_vec<Bytes>(4)) start = start << 8 | byte;
  return start;
}

}  // namespace

DeviceSession::DeviceSession(Fixture& fixture, Botan::RandomNumberGenerator& rng)
    : fixture_{fixture}, rng_{rng}, sequence_{random_start(rng)} {}

template <class Answer>
Answer DeviceSession::call(RequestBody body) {
  const auto operation = operation_of(body);
  const auto sequence = ++sequence_;
  fixture_.send(encode(Request{sequence, std::move(body)}));
  for (int stale = 0; stale <= kStaleAnswers; ++stale) {
    auto response = decode_response(fixture_.receive());
    const bool unread = response.operation == Operation::none;
    if (!unread && response.sequence != sequence) continue;
    if (const auto* refusal = std::get_if<Refusal>(&response.body)) refuse(operation, *refusal);
    if (auto* answer = std::get_if<Answer>(&response.body)) return std::move(*answer);
    break;
  }
  throw Error{Errc::bad_input, "the device answered something else than " + std::string{name_of(operation)}};
}

Identity DeviceSession::identify() { return call<Identity>(Identify{}); }

GeneratedKey DeviceSession::generate() {
  auto nonce = rng_.random_vec<Bytes>(kNonceSize);
  auto key = call<GeneratedKey>(Generate{nonce});
  require_signature(key.spki, key_message(nonce, key.spki), key.signature, "its new key");
  return key;
}

Installed DeviceSession::install(ByteView box) { return call<Installed>(Install{Bytes{box.begin(), box.end()}}); }

Evidence DeviceSession::prove(ByteView spki) {
  auto nonce = rng_.random_vec<Bytes>(kNonceSize);
  auto proof = call<Proof>(Prove{nonce});
  require_signature(spki, proof_message(nonce, proof.serial, proof.state, proof.debug_port), proof.signature,
                    "its state");
  return {std::move(proof), std::move(nonce)};
}

Bytes DeviceSession::request(const std::string& serial) { return call<MadeRequest>(MakeRequest{serial}).request; }

void DeviceSession::lock() { (void)call<Locked>(Lock{}); }

void DeviceSession::reset() { (void)call<Resetting>(Reset{}); }

}  // namespace lamp::manufacturing
