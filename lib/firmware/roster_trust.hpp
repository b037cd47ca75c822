// Whose signatures make a release, as a quorum's roster has it.
#pragma once

#include "lib/firmware/verify.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::firmware {

/// Whether a release has to be signed by ML-DSA-87 as well.
enum class Hybrid { no, yes };

/// No demands on the release itself yet. Throws Error{denied} when it has to be hybrid and the roster has no such key.
[[nodiscard]] ReleaseTrust trust_in(const quorum::Roster& roster, Hybrid hybrid);

}  // namespace lamp::firmware
