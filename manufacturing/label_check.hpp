// A label that was scanned, held against what the journal knows of its device.
#pragma once

#include "lib/base/error.hpp"
#include "lib/binding/label.hpp"
#include "manufacturing/journal.hpp"

namespace lamp::manufacturing {

/// Field by field; the claim code against its verifier, in time that does not depend on the code. No objection quotes
/// it.
[[nodiscard]] Verdict judge_label(const binding::Label& scanned, const Unit& unit);

}  // namespace lamp::manufacturing
