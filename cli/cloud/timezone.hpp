// Time zones by their IANA names: a project's maintenance windows are in its own time.
#pragma once

#include <string>

namespace lamp::cli {

/// Throws Error{bad_input} for a name that the system's time zone data does not have, Error{not_found} when there is no
/// such data.
void require_timezone(const std::string& name);

}  // namespace lamp::cli
