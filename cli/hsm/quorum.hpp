// lamp-hsm quorum ...: custody of a token by several officers.
#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

/// quorum create, quorum show.
void add_quorum_verbs(Tool& tool);

void add_quorum_create(Tool& tool);
void add_quorum_show(Tool& tool);

}  // namespace lamp::cli
