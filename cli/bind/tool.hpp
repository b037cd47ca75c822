// lamp-bind: the installer's tool. lamp-bind(1).
#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

[[nodiscard]] Tool make_bind_tool();

// The verbs, one file for each noun.
void add_bind_claim(Tool& tool);
void add_bind_network(Tool& tool);

}  // namespace lamp::cli
