#include <botan/pk_keys.h>
#include <botan/rng.h>
#include <botan/x509cert.h>

#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/quorum/approval.hpp"
#include "lib/rollout/plan.hpp"

namespace lamp::rollout {
namespace {

std::unique_ptr<Botan::Public_Key> key_in(ByteView certificate) {
  return guarded(Errc::bad_input,
                 [&] { return Botan::X509_Certificate{certificate.data(), certificate.size()}.subject_public_key(); });
}

}  // namespace

PlanApproval approve(const Botan::Private_Key& key, std::string approver, Bytes certificate, const Plan& plan,
                     Instant expires, Botan::RandomNumberGenerator& rng) {
  if (cose::key_id(*key_in(certificate)) != cose::key_id(key))
    throw Error{Errc::denied, "the key of " + approver + " is not that of the certificate"};
  Bytes nonce(16);
  rng.randomize(nonce);
  const auto headers = cbor::MapWriter{}
                           .add(quorum::kNonceHeader, std::move(cbor::Writer{}.bytes(nonce)))
                           .add(quorum::kExpiryHeader, std::move(cbor::Writer{}.integer(unix_seconds(expires))))
                           .encoded();
  auto signature = cose::sign1(key, rng, plan.canonical(), quorum::kPlanContext, cose::Payload::detached, headers);
  return {std::move(approver), std::move(certificate), std::move(signature)};
}

Verdict check_approval(const PlanApproval& approval, const Plan& plan, Instant now) {
  const auto checked = attempt([&]() -> Verdict {
    const auto message = cose::parse_sign1(approval.signature);
    auto verdict = cose::verify1(message, *key_in(approval.certificate), plan.canonical(), quorum::kPlanContext);
    if (!verdict.acceptable()) return Verdict{{"the approval by " + approval.approver + " is not of this plan"}};
    const auto expiry = cbor::find(message.protected_header, quorum::kExpiryHeader);
    if (!expiry) return Verdict{{"the approval by " + approval.approver + " names no end"}};
    const auto until = from_unix_seconds(cbor::Reader{*expiry}.integer());
    if (until < now) return Verdict{{"the approval by " + approval.approver + " expired at " + format_instant(until)}};
    return {};
  });
  if (const auto* error = std::get_if<Error>(&checked))
    return Verdict{{"the approval by " + approval.approver + " cannot be read: " + error->what()}};
  return std::get<Verdict>(checked);
}

}  // namespace lamp::rollout
