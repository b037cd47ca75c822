// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include "lib/base/bytes.hpp"

namespace lamp {

[[nodiscard]] bool is_utf8(ByteView bytes) noexcept;

}  // namespace lamp
