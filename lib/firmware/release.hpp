// A release from request to seal, as this host's database knows it: which sequence number, content key and nonce a
// version got is durable before any file is written, so that a request that was cut short goes on to the same bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/firmware/release_policy.hpp"
#include "lib/store/database.hpp"

namespace lamp::firmware {

/// Tables of releases and of content keys.
[[nodiscard]] const store::Schema& release_schema();

/// MODEL/VERSION or, of a partner's application, MODEL/PARTNER.APPLICATION/VERSION, as people type it.
struct ReleaseName {
  std::string model;
  std::string version;
  std::string application{};  ///< PARTNER.APPLICATION; empty for firmware
  /// Throws Error{bad_input} for anything else than a name, the name of an application if it is one of these, and
  /// MAJOR.MINOR.PATCH, with slashes between them.
  [[nodiscard]] static ReleaseName parse(std::string_view text);
  [[nodiscard]] std::string text() const { return line() + "/" + version; }
  /// What has versions, sequence numbers and epochs of its own: a model's firmware, or one application for a model.
  [[nodiscard]] std::string line() const { return application.empty() ? model : model + "/" + application; }
};

/// What a requester asks for.
struct Wanted {
  ReleaseName name;
  std::uint64_t epoch = 0;
  Bytes image_digest;  ///< SHA-256 of the image in clear
  std::uint64_t image_size = 0;
  std::uint64_t extra_approvals = 0;  ///< beyond the roster's threshold
  std::size_t content_key_size = 32;  ///< bytes: what the cipher of the model's profile takes
};

inline constexpr std::size_t kRequestNonceLength = 16;

struct Release {
  Wanted wanted;
  std::uint64_t sequence = 0;
  std::string content_key;  ///< id
  Instant requested;
  Bytes nonce;                  ///< of the request that counts now
  std::optional<Bytes> sealed;  ///< SHA-256 of release.suit, once it is
};

[[nodiscard]] std::optional<Release> find_release(store::Transaction& transaction, const ReleaseName& name);
/// Of a ReleaseName::line().
[[nodiscard]] ModelHistory history(store::Transaction& transaction, const std::string& line);

/// Why the request cannot be made: the version was used for other bytes, or the policy's rules.
[[nodiscard]] Verdict check_request(store::Transaction& transaction, const ReleasePolicy& policy, const Wanted& wanted);

/// Why no content key fits what the model's profile asks for: that of an earlier request, or those in stock, have
/// another size. Where there are none at all reserve_release() says so.
[[nodiscard]] Verdict check_content_key(store::Transaction& transaction, const Wanted& wanted,
                                        const std::string& token_serial);

/// Gives the version its sequence number and content key, and the request its nonce, or finds those that it has. Throws
/// Error{denied} with the first objection of check_request, Error{unavailable} when no content key is left.
[[nodiscard]] Release reserve_release(store::Transaction& transaction, const ReleasePolicy& policy,
                                      const Wanted& wanted, const std::string& token_serial, ByteView nonce,
                                      Instant now);
/// A request that expired is made anew, with the same sequence number and content key: what was approved before counts
/// no longer. Throws Error{denied} when it is sealed, Error{not_found} when there is none.
void renew_request(store::Transaction& transaction, const ReleaseName& name, ByteView nonce, Instant now);

/// What an officer on this host approved: one set of bytes for a version, one version for a sequence number.
struct Approved {
  ReleaseName name;
  std::uint64_t sequence = 0, epoch = 0;
  Bytes image_digest;
};
/// Why these are other bytes than an officer approved here before.
[[nodiscard]] Verdict check_approved(store::Transaction& transaction, const ReleasePolicy& policy,
                                     const Approved& approved);
void record_approval(store::Transaction& transaction, const Approved& approved, Instant now);

/// Why these are other bytes than this host was asked to release as the version; nothing when it was not asked.
[[nodiscard]] Verdict check_version(store::Transaction& transaction, const ReleasePolicy& policy, const Wanted& wanted);
/// Records that release.suit exists, and forgets the content key: from now on only devices can open the payload. Throws
/// Error{denied} when other bytes were recorded before.
void record_seal(store::Transaction& transaction, const ReleaseName& name, ByteView release_digest, Instant now);

/// The files of a release: releases/<model>/<version>/ below a site's folder, or
/// releases/<model>/<partner>.<application>/<version>/.
struct ReleaseFiles {
  std::filesystem::path directory;
  ReleaseFiles(const std::filesystem::path& site, const ReleaseName& name);
  [[nodiscard]] std::filesystem::path request() const { return directory / "request.cbor"; }
  [[nodiscard]] std::filesystem::path manifest() const { return directory / "manifest.cbor"; }
  [[nodiscard]] std::filesystem::path payload() const { return directory / "payload.bin"; }
  [[nodiscard]] std::filesystem::path approval(const std::string& officer) const;
  /// What is signed and not published yet.
  [[nodiscard]] std::filesystem::path staging() const { return directory / "signed"; }
  [[nodiscard]] std::filesystem::path sealed() const { return directory / "release.suit"; }
  [[nodiscard]] std::filesystem::path transcript() const { return directory / "transcript.cbor"; }
};

}  // namespace lamp::firmware
