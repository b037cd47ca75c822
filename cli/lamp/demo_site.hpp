// The demo site: every role in one folder, real tokens (SoftHSM), no secrets outside tokens/ and pins/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/world.hpp"

namespace lamp::cli {

struct DemoPlan {
  std::filesystem::path directory;  ///< absolute; absent or empty
  std::uint16_t port;               ///< of the service on 127.0.0.1
};

struct DemoSite {
  std::vector<std::string> tokens;  ///< made, in order
};

/// Makes tokens with random PINs (the SO PINs are thrown away), the keys that exist before any verb runs, site.yaml, a
/// sample image and the log's public key. Throws Error{not_found} when SoftHSM is not installed.
DemoSite make_demo_site(const DemoPlan& plan, World& world);

}  // namespace lamp::cli
