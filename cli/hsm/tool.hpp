// lamp-hsm: tokens, their keys, and a quorum's custody of one. lamp-hsm(1).
#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

[[nodiscard]] Tool make_hsm_tool();

}  // namespace lamp::cli
