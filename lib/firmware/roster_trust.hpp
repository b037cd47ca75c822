// Whose signatures make a release, as a quorum's roster has it.
#pragma once

#include "lib/firmware/verify.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::firmware {

/// Whether a release has to be signed by ML-DSA-87 as well.
enum class Hybrid { no, yes };

/// No demands on the release itself yet. Throws Error{denied} when it has to be hybrid and the roster has no such key.
[[nodiscard]] ReleaseTrust trust_in(const quorum::Roster& roster, Hybrid hybrid);

/// For a partner's applications, which the key application_key(partner) signs and no other. Throws Error{not_found}
/// when the quorum has no such key, Error{denied} when one key has two roles.
[[nodiscard]] ReleaseTrust application_trust_in(const quorum::Roster& roster, const ApplicationTrust& application);

}  // namespace lamp::firmware
