// The parts of site.yaml that say where services listen, and what lamp-ca serves.
#pragma once

#include "lib/config/site.hpp"

namespace lamp::config {

class Node;

/// "127.0.0.1:8443", "[::1]:8443".
[[nodiscard]] Listen read_listen(const Node& node);
/// `site` has its authorities and people already.
[[nodiscard]] CaService read_ca_service(const Node& node, const Site& site);

}  // namespace lamp::config
