// The signed release that a plan is about, and a plan for people to read.
#pragma once

#include <iosfwd>

#include "cli/host.hpp"
#include "lib/firmware/release.hpp"
#include "lib/rollout/plan.hpp"

namespace lamp::cli {

struct SealedRelease {
  Bytes bytes;
  rollout::PlannedRelease facts;
};

/// Reads release.suit of this site and verifies it through the site's release roster. Throws Error{not_found} when it
/// is not sealed yet, Error{denied} with the reason when it does not hold.
[[nodiscard]] SealedRelease load_sealed_release(Host& host, const firmware::ReleaseName& name);

void print_plan(std::ostream& out, const rollout::Plan& plan);

}  // namespace lamp::cli
