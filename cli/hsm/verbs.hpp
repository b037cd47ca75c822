// The verbs of lamp-hsm on tokens and keys, one file each; those on quorums are in cli/hsm/quorum.hpp.
#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

void add_token_list(Tool& tool);
void add_token_init(Tool& tool);
void add_token_probe(Tool& tool);
void add_key_generate(Tool& tool);
void add_key_list(Tool& tool);

}  // namespace lamp::cli
