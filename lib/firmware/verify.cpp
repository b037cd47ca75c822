#include "lib/firmware/verify.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include <algorithm>

#include "lib/crypto/cose.hpp"
#include "lib/firmware/application.hpp"
#include "lib/firmware/payload_stream.hpp"
#include "lib/firmware/release_file.hpp"

namespace lamp::firmware {
namespace {

std::vector<TrustedKey> trusted(const std::vector<Bytes>& keys, cose::Use use = cose::Use::general) {
  std::vector<TrustedKey> out;
  out.reserve(keys.size());
  for (const auto& key : keys) out.emplace_back(key, use);
  return out;
}

Target target_of(const Manifest& manifest, const ReleaseTrust& trust) {
  Target target;
  if (trust.vendor) target.vendor = vendor_id(*trust.vendor);
  if (trust.model) {
    target.model_class = class_id(target.vendor.value_or(manifest.vendor), *trust.model);
    if (trust.application) {
      const auto permissions = PermissionManifest::parse(manifest.permissions);
      target.model_class = application_class(*target.model_class, permissions.partner(), permissions.application());
    }
  }
  target.sequence_floor = std::max<std::uint64_t>(trust.minimum_sequence, 1) - 1;
  target.epoch_floor = trust.minimum_epoch;
  return target;
}

ReleaseKeys keys_of(const ReleaseTrust& trust) {
  return {trusted(trust.release_keys), trusted(trust.officers), trust.threshold,
          trusted(trust.hybrid_keys, cose::Use::hybrid_release)};
}

/// What is asked of an application beyond what is asked of firmware.
Reason check_application(const Manifest& manifest, const ApplicationTrust& trust) {
  const auto permissions = PermissionManifest::parse(manifest.permissions);
  if (permissions.partner() != trust.partner ||
      permissions.application() != trust.name.value_or(std::string{permissions.application()}))
    return Reason::other_application;
  return check_permissions(manifest, trust.grants);
}

/// Everything in the device's order; `payload` is asked last.
template <class CheckPayload>
Reason check(const Envelope& envelope, const ReleaseKeys& keys, const ReleaseTrust& trust, CheckPayload&& payload) {
  SoftwareVerifier verifier;
  if (const auto reason = authenticate(envelope, keys, verifier); reason != Reason::none)
    return trust.application ? of_application(reason) : reason;
  const auto manifest = parse_manifest(envelope.manifest, trust.application ? Content::application : Content::firmware);
  // People approve the names and devices compare the class: a manifest in which they differ deceives one of them.
  if (manifest.model_class != class_of(manifest)) throw Error{Errc::bad_input, "the class id is not that of the names"};
  require_signers_kept(envelope, manifest.revoked);
  if (const auto reason = check_target(manifest, target_of(manifest, trust)); reason != Reason::none) return reason;
  if (trust.application)
    if (const auto reason = check_application(manifest, *trust.application); reason != Reason::none) return reason;
  return payload(manifest, verifier);
}

/// People are told which APIs; a device says only that.
void name_apis(Outcome& outcome, const Envelope& envelope, const ReleaseTrust& trust) {
  if (outcome.reason != Reason::not_granted) return;
  const auto application = Application::parse(parse_any_manifest(envelope.manifest).permissions);
  for (const auto& api : beyond(application.permissions, trust.application->grants)) outcome.text += ": " + api;
}

Verdict verdict_of(Outcome outcome) {
  if (outcome.accepted()) return {};
  return {{std::move(outcome.text)}};
}

}  // namespace

Outcome check_release(ByteView bytes, const ReleaseTrust& trust) {
  const auto keys = keys_of(trust);
  Envelope envelope;
  auto outcome = outcome_of_step([&] {
    envelope = parse_envelope(bytes);
    return check(envelope, keys, trust, [&](const Manifest& manifest, Verifier& verifier) {
      return check_payload(envelope, manifest, verifier);
    });
  });
  name_apis(outcome, envelope, trust);
  return outcome;
}

Outcome check_release(const ReleaseFile& release, const ReleaseTrust& trust) {
  const auto keys = keys_of(trust);
  std::optional<Error> unreadable;  // no reason to refuse: the question could not be answered
  EnvelopeHead head;
  auto outcome = outcome_of_step([&] {
    head = release.head();
    return check(head.envelope, keys, trust, [&](const Manifest& manifest, Verifier&) {
      require_same_place(head.envelope, manifest);
      const auto measured = attempt([&] {
        auto payload = release.payload(head);
        return measure(payload);
      });
      if (const auto* error = std::get_if<Error>(&measured)) unreadable = *error;
      if (unreadable) return Reason::payload_altered;
      const auto& [digest, size] = std::get<Measured>(measured);
      return digest == manifest.payload_digest && size == manifest.payload_size ? Reason::none
                                                                                : Reason::payload_altered;
    });
  });
  if (unreadable) throw Error{*unreadable};
  name_apis(outcome, head.envelope, trust);
  return outcome;
}

Verdict verify_release(ByteView envelope, const ReleaseTrust& trust) {
  return verdict_of(check_release(envelope, trust));
}

Verdict verify_release(const ReleaseFile& release, const ReleaseTrust& trust) {
  return verdict_of(check_release(release, trust));
}

Digest SoftwareVerifier::sha256(ByteView bytes) { return firmware::sha256(bytes); }

bool SoftwareVerifier::verifies(const cose::Sign1& message, ByteView public_key, ByteView payload) {
  const auto key = guarded(Errc::internal, [&] { return Botan::X509::load_key(public_key); });
  // Which keys are looked for as which is TrustedKey's affair; here only that the algorithm fits.
  const auto use = message.algorithm == cose::Algorithm::ml_dsa_87 ? cose::Use::hybrid_release : cose::Use::general;
  return cose::verify1(message, *key, payload, {}, use).acceptable();
}

}  // namespace lamp::firmware
