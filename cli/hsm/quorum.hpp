// lamp-hsm quorum ...: custody of a token by several officers.
#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

/// The key of a guarded token that signs commitments to its shares.
inline constexpr const char* kCustodyKey = "custody";

/// quorum create, show, approve, rotate, replace, recover, rehearse.
void add_quorum_verbs(Tool& tool);

void add_quorum_create(Tool& tool);
void add_quorum_show(Tool& tool);
void add_quorum_approve(Tool& tool);
void add_quorum_rotate(Tool& tool);
void add_quorum_replace(Tool& tool);
void add_quorum_recover(Tool& tool);
void add_quorum_rehearse(Tool& tool);

}  // namespace lamp::cli
