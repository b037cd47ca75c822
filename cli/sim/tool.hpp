#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

/// Virtual devices for training, dry runs and tests.
[[nodiscard]] Tool make_sim_tool();

}  // namespace lamp::cli
