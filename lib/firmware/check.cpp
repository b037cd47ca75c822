#include "lib/firmware/check.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include <algorithm>

#include "lib/crypto/cose.hpp"
#include "lib/firmware/application.hpp"

namespace lamp::firmware {
namespace {

bool same(ByteView a, ByteView b) noexcept { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

const TrustedKey* find(const std::vector<TrustedKey>& keys, ByteView id) {
  const auto at = std::find_if(keys.begin(), keys.end(), [&](const TrustedKey& key) { return same(key.id, id); });
  return at == keys.end() ? nullptr : &*at;
}

bool contains(std::span<const Digest> ids, ByteView id) noexcept {
  return std::any_of(ids.begin(), ids.end(), [&](const Digest& one) { return same(one, id); });
}

/// One signature per key, so that nobody counts twice.
void require_distinct(const Envelope& envelope, std::size_t upto, ByteView id) {
  for (std::size_t i = 0; i < upto; ++i)
    if (same(cose::parse_sign1(envelope.storage[i]).kid, id))
      throw Error{Errc::bad_input, "two signatures by the same key"};
}

}  // namespace

std::string_view describe(Reason reason) noexcept {
  switch (reason) {
    case Reason::none: return "accepted";
    case Reason::malformed: return "not a well-formed release";
    case Reason::manifest_altered: return "the manifest is not the one that was signed";
    case Reason::bad_signature: return "a known key's signature does not match";
    case Reason::no_release_signature: return "not signed by a trusted release key";
    case Reason::no_hybrid_signature: return "not signed by a trusted ML-DSA-87 key as well";
    case Reason::revoked_key: return "signed only by a release key that was revoked";
    case Reason::too_few_officers: return "not approved by enough officers of the roster";
    case Reason::bad_revocation: return "it revokes a key that signed it, or the last key of its kind";
    case Reason::no_partner_signature: return "not signed by the partner's application key";
    case Reason::other_vendor: return "made for another vendor's devices";
    case Reason::other_model: return "made for another model";
    case Reason::other_application: return "another application, or another partner's";
    case Reason::not_granted: return "it asks for a device API that it is not granted";
    case Reason::old_sequence: return "the sequence number is not above the floor";
    case Reason::old_epoch: return "the security epoch is below the floor";
    case Reason::payload_altered: return "the payload is not the one that was signed";
    case Reason::too_large: return "the image does not fit the slot";
    case Reason::head_too_large: return "the envelope's signatures and manifest do not fit this device's buffer";
    case Reason::not_decryptable: return "the payload cannot be decrypted with this model's key";
    case Reason::image_mismatch: return "the image read back is not the one that was signed";
    case Reason::trial_running: return "the running image is not confirmed yet";
    case Reason::not_begun: return "no update is under way";
    case Reason::storage: return "the flash did not take the image";
  }
  return "unknown";
}

Reason reason_of(const Error& error) noexcept {
  return error.code() == Errc::bad_input ? Reason::malformed : Reason::storage;
}

Outcome outcome_of(Reason reason) {
  return {reason, reason == Reason::none ? std::string{} : std::string{describe(reason)}};
}

Outcome outcome_of(const Error& error) {
  const auto reason = reason_of(error);
  return {reason, std::string{describe(reason)} + ": " + error.what()};
}

TrustedKey::TrustedKey(Bytes subject_public_key_info, cose::Use use)
    : public_key{std::move(subject_public_key_info)}, id{} {
  const auto key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(public_key); });
  (void)cose::algorithm_for(*key, use);
  public_key = key->subject_public_key();
  id = sha256(public_key);
}

const TrustedKey* find_release_key(const ReleaseKeys& keys, ByteView id) {
  const auto* key = find(keys.release, id);
  return key != nullptr ? key : find(keys.hybrid, id);
}

namespace {

/// Who signed, as far as it is known here.
struct Signers {
  bool release = false, hybrid = false, revoked = false;
  std::uint64_t officers = 0;
};

Reason judge(const Signers& signers, const ReleaseKeys& keys) {
  const bool hybrid = signers.hybrid || keys.hybrid.empty();
  if ((!signers.release || !hybrid) && signers.revoked) return Reason::revoked_key;
  if (!signers.release) return Reason::no_release_signature;
  if (!hybrid) return Reason::no_hybrid_signature;
  return signers.officers >= keys.threshold ? Reason::none : Reason::too_few_officers;
}

}  // namespace

Reason authenticate(const Envelope& envelope, const ReleaseKeys& keys, Verifier& verifier,
                    std::span<const Digest> revoked) {
  if (!same(verifier.sha256(envelope.wrapped_manifest), envelope.digest_bytes)) return Reason::manifest_altered;
  Signers signers;
  for (std::size_t i = 0; i < envelope.count; ++i) {
    const auto message = cose::parse_sign1(envelope.storage[i]);
    if (message.payload) throw Error{Errc::bad_input, "a signature that carries a payload of its own"};
    require_distinct(envelope, i, message.kid);
    const auto* release_key = find_release_key(keys, message.kid);
    if (release_key != nullptr && contains(revoked, message.kid)) {
      signers.revoked = true;
      continue;
    }
    const auto* key = release_key != nullptr ? release_key : find(keys.officers, message.kid);
    if (key == nullptr) continue;
    if (!verifier.verifies(message, key->public_key, envelope.digest)) return Reason::bad_signature;
    if (release_key == nullptr)
      ++signers.officers;
    else if (find(keys.release, message.kid) != nullptr)
      signers.release = true;
    else
      signers.hybrid = true;
  }
  return judge(signers, keys);
}

Reason check_revocation(const Envelope& envelope, const Manifest& manifest, const ReleaseKeys& keys,
                        std::span<const Digest> revoked) {
  if (manifest.revoked.empty()) return Reason::none;
  for (const auto& block : envelope.blocks())
    if (manifest.revoked.contains(cose::parse_sign1(block).kid)) return Reason::bad_revocation;
  const auto one_stays = [&](const std::vector<TrustedKey>& kind) {
    return kind.empty() || std::any_of(kind.begin(), kind.end(), [&](const TrustedKey& key) {
             return !manifest.revoked.contains(key.id) && !contains(revoked, key.id);
           });
  };
  return one_stays(keys.release) && one_stays(keys.hybrid) ? Reason::none : Reason::bad_revocation;
}

Reason check_target(const Manifest& manifest, const Target& target) {
  if (target.vendor && manifest.vendor != *target.vendor) return Reason::other_vendor;
  if (target.model_class && manifest.model_class != *target.model_class) return Reason::other_model;
  if (manifest.sequence <= target.sequence_floor) return Reason::old_sequence;
  if (manifest.security_epoch < target.epoch_floor) return Reason::old_epoch;
  return Reason::none;
}

Reason check_permissions(const Manifest& manifest, std::span<const std::string> grants) {
  const auto asked = PermissionManifest::parse(manifest.permissions);
  const bool granted = std::ranges::all_of(
      asked.apis(), [&](std::string_view api) { return std::ranges::find(grants, api) != grants.end(); });
  return granted ? Reason::none : Reason::not_granted;
}

Reason of_application(Reason reason) noexcept {
  switch (reason) {
    case Reason::no_release_signature: return Reason::no_partner_signature;
    case Reason::other_model: return Reason::other_application;
    default: return reason;
  }
}

Reason check_payload(const Envelope& envelope, const Manifest& manifest, Verifier& verifier) {
  require_same_place(envelope, manifest);
  const bool intact = envelope.payload.size() == manifest.payload_size &&
                      same(verifier.sha256(envelope.payload), manifest.payload_digest);
  return intact ? Reason::none : Reason::payload_altered;
}

}  // namespace lamp::firmware
