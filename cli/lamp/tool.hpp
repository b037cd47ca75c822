#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

/// `lamp init`: makes a site. `lamp TOOL ...` is handled by main, before this.
[[nodiscard]] Tool make_lamp_tool();

}  // namespace lamp::cli
