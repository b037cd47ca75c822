// Where a site keeps its virtual devices: sim/<model>-<n>/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/config/site.hpp"

namespace lamp::sim {

[[nodiscard]] std::filesystem::path place_on_shelf(const config::Site& site, const std::string& model,
                                                   std::uint64_t number);
/// The folder of a device that is there. Throws Error{not_found} naming those that are.
[[nodiscard]] std::filesystem::path find_on_shelf(const config::Site& site, const std::string& name);
/// All devices' folders: by model, then by number.
[[nodiscard]] std::vector<std::filesystem::path> everything_on_shelf(const config::Site& site);

}  // namespace lamp::sim
