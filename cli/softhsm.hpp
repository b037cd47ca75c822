// SoftHSM, for the demo site and for rehearsals.
#pragma once

#include <filesystem>

namespace lamp::cli {

/// Where Debian puts it. Throws Error{not_found}.
[[nodiscard]] std::filesystem::path softhsm_module();

/// Makes an empty store (0700) in `folder`, and the configuration that names it; SoftHSM uses it from now on in this
/// process, whatever the environment said. No module may be loaded yet. Gives the configuration's path.
std::filesystem::path use_new_softhsm(const std::filesystem::path& folder);

}  // namespace lamp::cli
