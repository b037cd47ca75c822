// lamp-ca: authorities and their certificates. lamp-ca(1).
#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

[[nodiscard]] Tool make_ca_tool();

}  // namespace lamp::cli
