// Whether a release's transcript can be believed: from files alone, without a token, a database or a site.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "lib/base/error.hpp"
#include "lib/firmware/transcript.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::firmware {

/// What lies beside a transcript.
struct Evidence {
  quorum::Roster roster;                               ///< the one that the request names, its ancestors verified
  Bytes genesis;                                       ///< digest of the first roster, from somebody who wrote it down
  std::map<std::string, std::filesystem::path> files;  ///< where the published files are, by name
  std::optional<std::string> policy;  ///< the policy that should have been asked; empty: the one in the transcript
};

/// The release record's signature, which covers all records before it.
[[nodiscard]] Verdict judge_custody_signature(const Transcript& transcript, const quorum::Roster& roster);

/// Everything. Each objection says which record and what is wrong.
[[nodiscard]] Verdict judge_transcript(const Transcript& transcript, const Evidence& evidence);

}  // namespace lamp::firmware
