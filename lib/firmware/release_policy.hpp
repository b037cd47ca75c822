// What is asked of a release before a key is touched: policy/release.yaml, lamp-request(5). The rules read values only,
// so that the requester's host, each officer's machine, the combiner and an auditor judge by the same code.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/firmware/application.hpp"

namespace lamp::firmware {

/// Which hardware a release is for.
struct Hardware {
  std::string type;  ///< dotted OID, as in the model's profile
  std::uint64_t first = 0, last = kLastRevision;

  static constexpr std::uint64_t kLastRevision = 65535;
  /// "1-3", or "2" alone. Throws Error{bad_input}.
  [[nodiscard]] static Hardware parse_revisions(std::string_view text);
  [[nodiscard]] std::string revisions() const;
};

/// What the policy says of one model.
struct ModelRules {
  bool production = false;        ///< its devices are in the field: no release by demo keys
  bool witness = false;           ///< an independent build must have given the same image
  std::vector<std::string> keys;  ///< labels of the token's keys that may sign for it; empty: see key_fits()
  Hardware revisions;             ///< those that there are
};

struct ReleasePolicy {
  std::uint64_t factory_sequence = 1;
  std::uint64_t factory_epoch = 1;
  std::uint64_t epoch_step = 1;
  std::uint64_t epoch_jump_approvals = 1;  ///< beyond the roster's threshold, for a greater step; 0: none may be made
  std::chrono::days approval_lifetime{7};
  std::chrono::days request_lifetime{30};
  std::map<std::string, ModelRules> models;
  std::string file;  ///< named in refusals
  std::string text;  ///< the file's content, for the transcript

  /// Throws Error{bad_input} with file, line and column.
  [[nodiscard]] static ReleasePolicy load(const std::filesystem::path& file);
  [[nodiscard]] static ReleasePolicy parse(std::string text, std::string file);
  [[nodiscard]] const ModelRules& rules_of(const std::string& model) const;
};

/// A model's releases so far.
struct ModelHistory {
  std::uint64_t requested_sequence = 0;  ///< highest sequence number given to a request, sealed or not
  std::uint64_t released_sequence = 0;   ///< highest sealed
  std::uint64_t released_epoch = 0;      ///< highest sealed
};

/// The sequence number that the next request gets.
[[nodiscard]] std::uint64_t next_sequence(const ReleasePolicy& policy, const ModelHistory& history);

/// Why a release of this sequence number and epoch may not be made now, when so many approvals beyond the threshold are
/// asked for. Asked when it is requested and again when it is sealed, because another may have been sealed in between.
[[nodiscard]] Verdict check_order(const ReleasePolicy& policy, const ModelHistory& history, std::uint64_t sequence,
                                  std::uint64_t epoch, std::uint64_t extra_approvals = 0);

/// What a request asks for beside version, sequence and epoch.
struct Terms {
  std::string model;
  Bytes image_digest;
  Bytes witness;  ///< SHA-256 of the image that an independent builder made; empty when nobody did
  Hardware hardware;
  std::vector<std::string> keys;  ///< labels of the keys that are to sign
  std::vector<Bytes> revokes;     ///< ids of keys that devices shall believe no longer
  std::uint64_t extra_approvals = 0;
  bool demo = false;  ///< made in a demo site
  Instant requested{}, expires{};
  std::optional<Application> application{};  ///< there when it is a partner's application and not firmware
};

/// What the judging host knows by itself.
struct Circumstances {
  Instant now{};
  bool demo = false;          ///< this host's site is one
  std::string hardware_type;  ///< of the model's profile
  std::uint64_t threshold = 0, officers = 0;
  std::vector<Bytes> signing_keys;  ///< ids of the keys that sign this release
  /// What the model's profile grants to the partner of an application; nothing when it knows no such partner.
  std::optional<std::vector<std::string>> grants{};
};

/// Everything but order, each refusal with its rule, the file and what to do.
[[nodiscard]] Verdict check_terms(const ReleasePolicy& policy, const Terms& terms, const Circumstances& here);

/// A rule's refusal: why, what to do, which rule of which file.
[[nodiscard]] std::string refusal(const ReleasePolicy& policy, std::string_view rule, const std::string& why,
                                  const std::string& what_to_do);

}  // namespace lamp::firmware
