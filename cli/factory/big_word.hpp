// A word in letters of five rows, to be read from two metres away.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace lamp::cli {

inline constexpr std::size_t kBigRows = 5;
/// Capital letters; any other character is a gap.
[[nodiscard]] std::array<std::string, kBigRows> big_word(std::string_view word);

}  // namespace lamp::cli
