#include "lib/pki/batch_steps.hpp"

#include <botan/pk_keys.h>
#include <botan/rng.h>

#include <utility>

#include "lib/base/error.hpp"
#include "lib/crypto/verifying_key.hpp"
#include "lib/pki/csr.hpp"
#include "lib/pki/lint.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/request_values.hpp"
#include "lib/pki/reservation.hpp"
#include "lib/pki/shards.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

using Outcome = BatchResult::Outcome;

void refuse(Work& work, std::string rule, std::string field, std::string says) {
  work.next = Work::Next::nothing;
  work.result.outcome = Outcome::refused;
  work.result.rule = std::move(rule);
  work.result.field = std::move(field);
  work.result.says = std::move(says);
}

/// Only what is wrong with the item; anything else ends the batch.
bool is_refusal(const Error& error) { return error.code() == Errc::denied || error.code() == Errc::bad_input; }

/// The key to certify, or nothing when it was refused. What the profile takes from the request joins the values.
std::optional<Bytes> proven_key(const BatchPlace& place, Work& work) {
  if (work.item.request.empty()) {
    add_request_values(work.item.subject, place.profile, {}, {});
    if (auto refusal = check_public_key(work.item.public_key_info)) {
      refuse(work, std::move(refusal->rule), std::move(refusal->field), std::move(refusal->says));
      return std::nullopt;
    }
    return work.item.public_key_info;
  }
  auto checked = check_request(work.item.request);
  if (auto* refusal = std::get_if<RequestRefusal>(&checked)) {
    refuse(work, std::move(refusal->rule), std::move(refusal->field), std::move(refusal->says));
    return std::nullopt;
  }
  auto& request = std::get<CertificateRequest>(checked);
  const auto taken = attempt([&] {
    add_request_values(work.item.subject, place.profile, request.subject_attributes, request.alternative_names);
    return true;
  });
  if (const auto* error = std::get_if<Error>(&taken)) {
    refuse(work, "request.values", "subject", error->what());
    return std::nullopt;
  }
  return std::move(request.public_key_info);
}

/// The record without its bytes, or nothing when the profile or the issuer's rules refuse the subject.
std::optional<Contents> contents_of(const BatchPlace& place, Work& work, const Bytes& key, Instant now) {
  auto contents = attempt([&] {
    auto resolved = resolve(place.profile, work.item.subject, place.authority.facts(), now);
    work.record = record_for(place.authority.name(), place.profile, work.item.subject, resolved, key, now);
    return resolved;
  });
  if (const auto* error = std::get_if<Error>(&contents)) {
    if (!is_refusal(*error)) throw Error{error->code(), error->what()};
    refuse(work, error->code() == Errc::denied ? "profile.issuer" : "profile.values", "subject", error->what());
    return std::nullopt;
  }
  return std::get<Contents>(std::move(contents));
}

bool lint(const BatchPlace& place, Work& work, ByteView tbs) {
  auto findings = lint_tbs(tbs, place.profile, place.authority.facts());
  if (findings.empty()) return true;
  auto& first = findings.front();
  refuse(work, std::move(first.rule), std::move(first.field), std::move(first.says));
  return false;
}

void tell(Work& work, const Record& record) {
  work.result.serial = record.serial;
  work.result.not_after = record.not_after;
}

void existed(Work& work, const Record& record) {
  tell(work, record);
  work.result.certificate = record.certificate;
  work.result.outcome = Outcome::existed;
  work.next = Work::Next::nothing;
}

/// Key or identity are taken: by this very request, or by another.
void settle(const BatchPlace& place, store::Transaction& transaction, Work& work, Instant now) {
  auto earlier = attempt([&] { return earlier_than(transaction, work.record, now); });
  const auto by_key = holder_of_key(transaction, work.record.authority, work.record.key);
  if (const auto* error = std::get_if<Error>(&earlier)) {
    if (error->code() == Errc::exists && by_key) return existed(work, *by_key);
    if (!is_refusal(*error)) throw Error{error->code(), error->what()};
    return refuse(work, "register.held", by_key ? "key" : "identity", error->what());
  }
  if (auto& found = std::get<0>(earlier)) {
    if (!lint(place, work, found->tbs)) return;
    work.record = std::move(*found);
  } else {
    add(transaction, work.record);  // whoever holds it has expired
  }
  tell(work, work.record);
  work.next = Work::Next::sign;
}

}  // namespace

void prepare(const BatchPlace& place, Work& work, Instant now) {
  work.result.row = work.item.row;
  if (auto& known = work.item.refusal)
    return refuse(work, std::move(known->rule), std::move(known->field), std::move(known->says));
  const auto key = proven_key(place, work);
  if (!key) return;
  const auto contents = contents_of(place, work, *key, now);
  if (!contents) return;
  auto& record = work.record;
  work.result.identity = record.identity;
  work.result.key = record.key;
  record.order = work.item.order;
  const auto serial = random_serial(now, place.rng);
  record.serial = hex(serial);
  record.tbs = build_tbs(place.profile, *contents, *key, serial, place.authority.facts(),
                         place.authority.facts()->signature_algorithm);
  if (lint(place, work, record.tbs)) work.next = Work::Next::reserve;
}

void Undo::restore() {
  for (auto& [work, before] : kept_) *work = std::move(before);
  for (const auto& [work, next] : turned_) {
    work->next = next;
    work->result.outcome = Outcome::refused;
    work->result.certificate.clear();
  }
  kept_.clear();
  turned_.clear();
}

void reserve(const BatchPlace& place, store::Transaction& transaction, FreshKeys& keys, Chunk& chunk, Instant now,
             Undo& undo) {
  note_shards(transaction, place.authority.name(), place.profile);
  for (auto& work : chunk) {
    if (work.next != Work::Next::reserve) continue;
    if (!try_add(transaction, work.record, keys)) {
      undo.keep(work);
      settle(place, transaction, work, now);
      continue;
    }
    undo.turn(work);
    tell(work, work.record);
    work.next = Work::Next::sign;
  }
}

void commit(const BatchPlace& place, store::Transaction& transaction, Chunk& chunk, Instant now,
            std::vector<const BatchResult*>& issued, Undo& undo) {
  for (auto& work : chunk) {
    if (work.next != Work::Next::commit) continue;
    const auto marked = attempt([&] {
      mark_signed(transaction, place.authority.name(), work.record.serial, work.signature, now);
      return true;
    });
    if (std::holds_alternative<bool>(marked)) {
      undo.turn(work);
      work.result.outcome = Outcome::issued;
      work.result.certificate =
          encode_signed(work.record.tbs, place.authority.facts()->signature_algorithm, work.signature);
      issued.push_back(&work.result);
      continue;
    }
    const auto& error = std::get<Error>(marked);
    if (error.code() != Errc::denied) throw Error{error.code(), error.what()};
    undo.keep(work);
    // The same row twice, or another process with the same request: whoever came first counts.
    const auto record = find(transaction, place.authority.name(), work.record.serial);
    if (record && record->state == State::issued)
      existed(work, *record);
    else
      refuse(work, "register.withdrawn", "certificate", error.what());
  }
}

SigningHand::SigningHand(const BatchPlace& place)
    : place_{place},
      signer_{place.key, place.rng, curve_of(place.key.subject_public_key()) == oid::kP384 ? "SHA-384" : "SHA-256",
              Botan::Signature_Format::DerSequence} {
  if (dynamic_cast<const crypto::VerifiesItself*>(&place.key) != nullptr) return;
  public_key_ = place.key.public_key();
  verifier_.emplace(*public_key_, signer_.hash_function(), Botan::Signature_Format::DerSequence);
}

void SigningHand::sign(Work& work) {
  if (work.next != Work::Next::sign) return;
  const auto& tbs = work.record.tbs;
  work.signature = guarded(Errc::unavailable, [&] { return signer_.sign_message(tbs, place_.rng); });
  if (verifier_ && !verifier_->verify_message(tbs, work.signature))
    throw Error{Errc::unavailable, "the key of authority " + place_.authority.name() +
                                       " made a signature that does not verify; check the token"};
  work.next = Work::Next::commit;
}

}  // namespace lamp::pki
