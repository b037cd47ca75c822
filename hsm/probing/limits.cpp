// Threads, sessions, random numbers, PIN lengths and flags, the mechanism list. No PIN try is spent.
#include <botan/pk_keys.h>
#include <botan/pubkey.h>

#include <algorithm>
#include <iterator>
#include <thread>

#include "hsm/probing/bench.hpp"

namespace lamp::hsm::probing {
namespace {

using Answer = std::pair<Outcome, std::string>;

constexpr std::size_t kThreads = 4;
constexpr std::size_t kSignatures = 8;
constexpr std::size_t kSessionsTried = 64;

std::size_t good_signatures(Bench& bench, const Pair& pair, const Botan::Public_Key& key) {
  auto session = bench.session();
  std::size_t good = 0;
  for (std::size_t i = 0; i < kSignatures; ++i) {
    Bytes signature;
    Botan::PK_Verifier verifier{key, "SHA-256"};
    const CK_RV rv = sign(session, pair.private_half, {CKM_ECDSA, nullptr, 0}, hash_of_message("SHA-256"), signature);
    good += rv == CKR_OK && verifier.verify_message(as_bytes(kMessage), signature) ? 1U : 0U;
  }
  return good;
}

Answer try_threads(Bench& bench) {
  const auto pair = bench.pair("p256", ec_key(kP256Parameters, CKA_SIGN));
  const auto key = bench.public_key(pair);
  std::vector<std::size_t> good(kThreads);
  std::vector<std::thread> threads;
  for (auto& count : good) {
    threads.emplace_back([&] {
      const auto done = attempt([&] { return good_signatures(bench, pair, *key); });
      count = std::holds_alternative<std::size_t>(done) ? std::get<std::size_t>(done) : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  const auto expected = [](std::size_t count) { return count == kSignatures; };
  if (std::ranges::all_of(good, expected))
    return {Outcome::works, std::to_string(kThreads) + " threads signed at once"};
  return {Outcome::unsafe, "signatures of threads that signed at once failed or do not verify"};
}

Answer try_sessions(Bench& bench) {
  std::vector<Session> open;
  const auto all = attempt([&] {
    while (open.size() < kSessionsTried) open.push_back(bench.session());
    return true;
  });
  if (std::holds_alternative<bool>(all)) return {Outcome::works, "at least " + std::to_string(kSessionsTried)};
  const auto enough = open.size() >= 2 ? Outcome::works : Outcome::missing;
  return {enough, std::to_string(open.size()) + " more, then " + std::get<Error>(all).what()};
}

Answer try_random(Bench& bench) {
  auto session = bench.session();
  Bytes first(32), second(32);
  session.check(session->C_GenerateRandom(session.handle(), first.data(), first.size()), "C_GenerateRandom");
  session.check(session->C_GenerateRandom(session.handle(), second.data(), second.size()), "C_GenerateRandom");
  if (first == second) return {Outcome::unsafe, "gave the same bytes twice"};
  return {Outcome::works, "gives bytes that differ"};
}

Answer try_long_pin(Bench& bench) {
  constexpr unsigned long kQuorumPin = 32;
  const auto& info = bench.connection().info();
  const auto range = std::to_string(info.min_pin) + " to " + std::to_string(info.max_pin) + " characters";
  const bool fits = info.min_pin <= kQuorumPin && (info.max_pin == 0 || info.max_pin >= kQuorumPin);
  return {fits ? Outcome::works : Outcome::missing, range + "; a quorum's PIN has " + std::to_string(kQuorumPin)};
}

Answer note_pin_flags(Bench& bench) {
  const auto now = token_info(bench.connection().module(), bench.connection().info().slot);
  std::string flags;
  if (now.pin_count_low) flags += " count-low";
  if (now.pin_final_try) flags += " final-try";
  if (now.pin_locked) flags += " locked";
  return {Outcome::note, "flags now:" + (flags.empty() ? " none" : flags) +
                             "; whether it counts wrong PINs is not tried, because that spends tries"};
}

struct Known {
  CK_MECHANISM_TYPE type;
  const char* name;
};
constexpr Known kKnown[] = {{CKM_EC_KEY_PAIR_GEN, "EC_KEY_PAIR_GEN"},
                            {CKM_ECDSA, "ECDSA"},
                            {CKM_ECDH1_DERIVE, "ECDH1_DERIVE"},
                            {CKM_RSA_PKCS_KEY_PAIR_GEN, "RSA_PKCS_KEY_PAIR_GEN"},
                            {CKM_RSA_PKCS_PSS, "RSA_PKCS_PSS"},
                            {CKM_RSA_PKCS_OAEP, "RSA_PKCS_OAEP"},
                            {CKM_AES_KEY_GEN, "AES_KEY_GEN"},
                            {CKM_AES_KEY_WRAP, "AES_KEY_WRAP"},
                            {CKM_EDDSA, "EDDSA"}};

Answer note_mechanisms(Bench& bench) {
  auto* functions = bench.connection().module().functions();
  const auto slot = bench.connection().info().slot;
  CK_ULONG count = 0;
  check(functions->C_GetMechanismList(slot, nullptr, &count), "C_GetMechanismList");
  std::vector<CK_MECHANISM_TYPE> listed(count);
  check(functions->C_GetMechanismList(slot, listed.data(), &count), "C_GetMechanismList");
  listed.resize(count);
  std::string absent;
  for (const auto& known : kKnown) {
    if (std::ranges::find(listed, known.type) == listed.end()) absent += std::string{" "} + known.name;
  }
  return {Outcome::note, std::to_string(count) + " listed" +
                             (absent.empty() ? ", all that we use" : "; of what we use not:" + absent)};
}

}  // namespace

std::vector<Try> limit_tries() {
  return {
      {"threads", "threads", try_threads},
      {"sessions", "sessions at once", try_sessions},
      {"random", "random numbers", try_random},
      {"long-pin", "PIN long enough for a quorum", try_long_pin},
      {"pin-flags", "PIN counter", note_pin_flags},
      {"mechanisms", "mechanism list", note_mechanisms},
      {"keys", "tried with", [](Bench& b) { return Answer{Outcome::note, b.origin()}; }},
  };
}

}  // namespace lamp::hsm::probing
