// --value NAME=VALUE, as several verbs take it.
#pragma once

#include <string>
#include <vector>

#include "lib/config/site.hpp"
#include "lib/pki/profile.hpp"

namespace lamp::cli {

/// The values for a profile's templates: {site}, {name} when it is given, and these. Throws Error{bad_input} for one
/// that is not like serial=SL-26-000001, or is given twice.
[[nodiscard]] pki::Subject values_of(const config::Site& site, const std::string& name,
                                     const std::vector<std::string>& given);

}  // namespace lamp::cli
