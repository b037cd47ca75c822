// The checks that stand between an envelope and a flash: shared by the device's updater and by verification on a host,
// so that both refuse for the same reason in the same words. The checks do not allocate, except to word a refusal.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/firmware/suit.hpp"

namespace lamp::cose {
struct Sign1;
enum class Use;
}  // namespace lamp::cose

namespace lamp::firmware {

enum class Reason {
  none,              ///< not refused
  malformed,         ///< not a release as lamp-release(5) has it: truncated, oversized, unknown content
  manifest_altered,  ///< the manifest is not the one that was signed
  bad_signature,     ///< a known key's signature does not match
  no_release_signature,
  no_hybrid_signature,  ///< the model's releases have a second one, by ML-DSA-87
  revoked_key,          ///< signed, but only by keys that were revoked
  too_few_officers,
  bad_revocation,        ///< revokes a key that signed it, or the last of its kind
  no_partner_signature,  ///< an application, and its partner's key did not sign it
  other_vendor,
  other_model,
  other_application,  ///< another application than this one, or another partner's
  not_granted,        ///< an application that asks for an API which the device does not grant
  old_sequence,
  old_epoch,
  payload_altered,
  too_large,
  head_too_large,   ///< all but the payload must fit a buffer of the device's choice
  not_decryptable,  ///< another model's KEK, or an altered key
  image_mismatch,   ///< what was written is not the image that was signed
  trial_running,    ///< the running image is not confirmed yet: the other slot is its way back
  not_begun,        ///< a piece of an update that was refused or never begun
  storage,          ///< the flash did not do what it was told
};

/// One sentence fragment without a period, the same on device and host.
[[nodiscard]] std::string_view describe(Reason reason) noexcept;

struct [[nodiscard]] Outcome {
  Reason reason = Reason::none;
  std::string text;  ///< why not; for malformed also where
  [[nodiscard]] bool accepted() const noexcept { return reason == Reason::none; }
};

/// malformed for bytes that could not be read; storage when a part did not answer.
[[nodiscard]] Reason reason_of(const Error& error) noexcept;
/// The outcome with describe()'s words.
Outcome outcome_of(Reason reason);
Outcome outcome_of(const Error& error);
/// Runs `step`, which gives a Reason; an Error leaving it becomes malformed or, when a part did not answer, storage.
template <class Step>
Outcome outcome_of_step(Step&& step) {
  const auto reason = attempt(std::forward<Step>(step));
  if (const auto* error = std::get_if<Error>(&reason)) return outcome_of(*error);
  return outcome_of(std::get<Reason>(reason));
}

/// A public key that may sign, with the name (SHA-256 of the SubjectPublicKeyInfo) that signatures call it by.
struct TrustedKey {
  /// Throws Error{bad_input} for bytes that are no key, Error{denied} for a key that may not sign for that use.
  explicit TrustedKey(Bytes subject_public_key_info, cose::Use use = {});
  Bytes public_key;
  Digest id;
};

/// Whose signatures make a release: any one of the release keys AND `threshold` distinct officers. A release key never
/// counts as an officer, and officers without a release key count for nothing. For a hybrid model, which has ML-DSA-87
/// keys, also any one of those; they count for nothing alone.
struct ReleaseKeys {
  std::vector<TrustedKey> release;
  std::vector<TrustedKey> officers;
  std::uint64_t threshold = 0;
  std::vector<TrustedKey> hybrid{};
};

/// What the checks need of cryptography; a device has its own behind it.
class Verifier {
 public:
  virtual ~Verifier() = default;
  [[nodiscard]] virtual Digest sha256(ByteView bytes) = 0;
  /// Whether `message` is a signature over `payload` with empty context by the key (SubjectPublicKeyInfo).
  [[nodiscard]] virtual bool verifies(const cose::Sign1& message, ByteView public_key, ByteView payload) = 0;
};

/// Whether the signed digest is the manifest's and the right keys signed it. Signatures by keys that are not known here
/// are passed over (an older device does not know a newer officer); one by a known key that does not match refuses all.
/// Throws Error{bad_input} for a block that is no COSE_Sign1.
/// `revoked` names release keys that are passed over as well.
[[nodiscard]] Reason authenticate(const Envelope& envelope, const ReleaseKeys& keys, Verifier& verifier,
                                  std::span<const Digest> revoked = {});

/// Whether a device that has lost the `revoked` keys could go on without those that the manifest revokes: neither may
/// have signed it, nor be the last of the release keys or of the hybrid ones. Throws as authenticate() does.
[[nodiscard]] Reason check_revocation(const Envelope& envelope, const Manifest& manifest, const ReleaseKeys& keys,
                                      std::span<const Digest> revoked);
/// The release or hybrid key of that id; nothing when it is none of these.
[[nodiscard]] const TrustedKey* find_release_key(const ReleaseKeys& keys, ByteView id);

/// For whom, and since when. Absent: any.
struct Target {
  std::optional<Uuid> vendor, model_class;
  std::uint64_t sequence_floor = 0;  ///< the release's sequence must be above it
  std::uint64_t epoch_floor = 0;     ///< the release's epoch must not be below it
};

[[nodiscard]] Reason check_target(const Manifest& manifest, const Target& target);

/// Whether an application asks only for what it is granted.
[[nodiscard]] Reason check_permissions(const Manifest& manifest, std::span<const std::string> grants);
/// The reason as it is called for an application, whose key and class are other ones than firmware's.
[[nodiscard]] Reason of_application(Reason reason) noexcept;

/// Whether the payload is the one that the manifest names. For a detached one the caller has put it into `envelope`.
/// Throws Error{bad_input} when it is not where the manifest says.
[[nodiscard]] Reason check_payload(const Envelope& envelope, const Manifest& manifest, Verifier& verifier);

}  // namespace lamp::firmware
