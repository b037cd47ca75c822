// What goes into a release's transcript while the token is open, and what comes out of it again.
#pragma once

#include <string>
#include <vector>

#include "cli/sign/dossier.hpp"
#include "cli/sign/release_session.hpp"
#include "lib/firmware/transcript.hpp"

namespace lamp::cli {

class CeremonyRecord {
 public:
  CeremonyRecord(Host& host, const Dossier& dossier) : host_{host}, dossier_{dossier} {}

  /// Request, approvals that count, policy, token.
  void begin(const quorum::Tally& tally, const firmware::ReleasePolicy& policy, ReleaseSession& session);
  void add_signature(const firmware::SignedRegion& region, Bytes signature);
  [[nodiscard]] const firmware::Transcript& transcript() const noexcept { return transcript_; }
  /// What will be published, signed by the custody key over everything before.
  [[nodiscard]] firmware::Transcript close(const firmware::ReleaseBody& release, ReleaseSession& session) &&;

 private:
  Host& host_;
  const Dossier& dossier_;
  firmware::Transcript transcript_;
};

/// Writes the SUIT envelope of manifest, payload, and the signatures and approvals in the transcript.
void assemble(const Dossier& dossier, const firmware::Transcript& transcript, ByteSink& release);

/// Reads a transcript of this very request, closed by the custody key. Throws Error{bad_input}, or Error{denied} when
/// it is another request's or its signature does not hold.
[[nodiscard]] firmware::Transcript load_signed_transcript(const Dossier& dossier, ByteView file);

/// Digest of the record that the custody key signed.
[[nodiscard]] Bytes sealed_head(const firmware::Transcript& transcript);
[[nodiscard]] std::vector<std::string> approving_officers(const firmware::Transcript& transcript);

}  // namespace lamp::cli
