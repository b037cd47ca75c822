// Octets and names as C source; for pins.cpp and bundle.cpp.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"

namespace lamp::pki {

/// "0x30, 0x82, ..." in rows of twelve, each after the first behind `indent`.
[[nodiscard]] std::string c_octets(ByteView octets, std::string_view indent);
/// Fit for a line comment: no line break, no backslash at its end.
[[nodiscard]] std::string comment_text(std::string_view text);

}  // namespace lamp::pki
