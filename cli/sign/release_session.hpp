// The one session with the release token that a quorum's approvals open.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/sign/dossier.hpp"
#include "hsm/guarded_session.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/content_key.hpp"
#include "lib/firmware/device_profile.hpp"

namespace lamp::cli {

/// Logged in while it lives. The caller has counted the approvals and asked the policy before.
class ReleaseSession {
 public:
  /// Opens the release token: hsm::GuardedSession.
  ReleaseSession(Host& host, const Dossier& dossier, const quorum::Tally& tally);

  /// A COSE_Sign1 over the request's SUIT_Digest, by the token's release key or, where the region is of the ML-DSA key,
  /// by that one, which is opened for it and zeroed after it. Verified in software.
  [[nodiscard]] Bytes sign(const firmware::SignedRegion& region);
  /// Signs the outputs beside the envelope, lib/firmware/outputs.hpp, into the release's staging folder; each verified.
  void sign_outputs(const firmware::DeviceProfile& profile);
  /// New content keys for what requests have taken.
  [[nodiscard]] std::vector<firmware::ContentKey> fill_stock();
  /// Signs transcripts and dealings.
  [[nodiscard]] std::shared_ptr<Botan::Private_Key> custody_key() { return session_.token().signing_key("custody"); }
  [[nodiscard]] hsm::Token& token() noexcept { return session_.token(); }
  /// Whose shares opened the token.
  [[nodiscard]] const quorum::Dealing& dealing() const noexcept { return session_.dealing(); }
  /// A new PIN, dealt to the same officers.
  void renew() { session_.renew(host_.world().rng); }

 private:
  [[nodiscard]] Bytes sign_by(const Botan::Private_Key& key, cose::Algorithm algorithm, ByteView expected_key);

  Host& host_;
  const Dossier& dossier_;
  std::unique_ptr<crypto::AgreementKey> session_key_;
  hsm::GuardedSession session_;
};

}  // namespace lamp::cli
