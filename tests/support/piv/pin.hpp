// The PIN of virtual PIV cards.
#pragma once

#include <string_view>

namespace lamp::test {

inline constexpr std::string_view kPivPin = "123456";

}  // namespace lamp::test
