// What the service holds against a plan before it runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/cloud/artifacts.hpp"
#include "lib/rollout/plan.hpp"
#include "lib/store/database.hpp"

namespace lamp::cloud {

class ClientTrust;

/// An approval counts when it is of exactly this plan, and its certificate is an operator's who could connect with it.
struct CountedApprovals {
  std::vector<std::string> operators;   ///< distinct
  std::vector<std::string> objections;  ///< why others do not count
};
[[nodiscard]] CountedApprovals count_approvals(const rollout::Plan& plan, ClientTrust& trust, store::Database& database,
                                               Instant now);

/// Whether the artifact is there and is the release that the plan names. The devices check its signatures: the service
/// could only pretend to.
[[nodiscard]] Verdict check_artifact(const rollout::Plan& plan, ArtifactStore& artifacts);

/// Whether the plan's devices are the project's, registered and of the plan's model, and the approvers its operators.
[[nodiscard]] Verdict check_members(store::Transaction& transaction, const rollout::Plan& plan, std::string_view user,
                                    const std::vector<std::string>& approvers);

}  // namespace lamp::cloud
