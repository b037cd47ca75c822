// The second half of `lamp-ca create --replaces`: two roots certify each other.
#pragma once

#include <string>

#include "cli/ca/site_authority.hpp"

namespace lamp::cli {

/// Issues and publishes ca/NEW/old-with-new.pem and ca/NEW/new-with-old.pem, and says so. Error{denied} when one is no
/// root.
void link_roots(Host& host, const std::string& old_name, const std::string& new_name);

}  // namespace lamp::cli
