// What a plan's fields must be among themselves; for lib/rollout's own readers.
#pragma once

#include "lib/rollout/plan.hpp"

namespace lamp::rollout {

/// Devices and waves named once each, no wave empty, serial numbers that are some.
[[nodiscard]] Verdict check_form(const Plan& plan);

}  // namespace lamp::rollout
