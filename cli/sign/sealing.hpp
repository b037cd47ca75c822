// One seal: what is done with the release token and in which order, so that a kill at any instant leaves either nothing
// or something that the same command finishes. Signed once: what is signed lies in the release's staging folder, and
// when a transcript that names those files is there they are only given their places.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/sign/dossier.hpp"
#include "cli/sign/release_session.hpp"
#include "lib/firmware/release.hpp"
#include "lib/firmware/transcript.hpp"

namespace lamp::cli {

class Sealing {
 public:
  Sealing(Host& host, const Dossier& dossier);
  Sealing(const Sealing&) = delete;
  Sealing& operator=(const Sealing&) = delete;
  ~Sealing();

  /// Whether an earlier run got as far as signatures; then nobody is asked again.
  [[nodiscard]] bool was_signed() const noexcept { return transcript_.has_value(); }

  /// Gives up what the combiner must not have, opens the token, signs, verifies; the transcript with the signatures is
  /// durable when this returns.
  void sign(const quorum::Tally& tally, const firmware::ReleasePolicy& policy);
  /// Gives every file that the transcript names its place, release.suit the last. Gives that one's digest.
  Bytes publish_release();
  /// What has to follow a use of the token: database, PIN renewal, end of the session key, log, rest of the transcript.
  /// Each is done once, whichever run gets to it.
  void finish(ByteView release_digest);

 private:
  void open_session(const quorum::Tally& tally);
  void renew();
  [[nodiscard]] std::vector<firmware::ContentKey> new_content_keys();
  void record(ByteView release_digest);
  void add_renewal();
  void add_receipt();
  void keep_transcript();
  void stage(const firmware::Transcript& transcript);
  [[nodiscard]] firmware::ReleaseBody stage_all(const firmware::Transcript& transcript,
                                                const firmware::DeviceProfile& profile);
  void publish_file(const firmware::PublishedFile& file);

  Host& host_;
  const Dossier& dossier_;
  std::optional<firmware::Transcript> transcript_;
  std::unique_ptr<ReleaseSession> session_;
};

/// Why this file is not the request's release, whole and acceptable.
[[nodiscard]] Verdict judge_release(Host& host, const Dossier& dossier, const std::filesystem::path& file);

}  // namespace lamp::cli
