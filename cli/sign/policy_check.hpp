// The release policy, asked at every step before a key is touched: of a request that is to be made, by each officer,
// and by the combiner.
#pragma once

#include <string>

#include "cli/command.hpp"
#include "cli/sign/dossier.hpp"
#include "lib/firmware/release_policy.hpp"

namespace lamp::cli {

[[nodiscard]] firmware::ReleasePolicy release_policy(Host& host);

/// What this host knows about releases under this roster: of a model's firmware, or of a partner's application.
[[nodiscard]] firmware::Circumstances circumstances(Host& host, const quorum::Roster& roster,
                                                    const firmware::Terms& terms);

/// Every rule, for the request as it is now: order, version, terms, outputs. The release tables must be up to date.
[[nodiscard]] Verdict ask_policy(Host& host, const firmware::ReleasePolicy& policy, const Dossier& dossier);

/// How many distinct officers it takes: the roster's threshold and what the request asks for beyond.
[[nodiscard]] std::uint64_t required_approvals(const Dossier& dossier);

/// One line for each objection.
Exit refuse(const std::vector<std::string>& objections, World& world);

}  // namespace lamp::cli
