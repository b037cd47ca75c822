// Initialising a token of the site: for `lamp-hsm token init` and for a ceremony's step.
#pragma once

#include <filesystem>
#include <string>

#include "cli/host.hpp"

namespace lamp::cli {

/// Keeps the PIN before the token has it, and the SO PIN in `so_pin_file` when that is not empty. What failed without
/// touching the token leaves no file. Gives the token's serial number. Throws Error{exists} when the token is there.
std::string initialise_token(Host& host, const config::TokenPlace& place, const std::filesystem::path& so_pin_file);

}  // namespace lamp::cli
