#include "cli/factory/big_word.hpp"

#include <utility>

namespace lamp::cli {
namespace {

using Letter = std::array<std::string_view, kBigRows>;

/// Only those of READY, WORKING, GOOD, FAILED and STOP.
constexpr std::array<std::pair<char, Letter>, 16> kLetters{{
    {'A', {" ### ", "#   #", "#####", "#   #", "#   #"}},
    {'D', {"#### ", "#   #", "#   #", "#   #", "#### "}},
    {'E', {"#####", "#    ", "#### ", "#    ", "#####"}},
    {'F', {"#####", "#    ", "#### ", "#    ", "#    "}},
    {'G', {" ####", "#    ", "#  ##", "#   #", " ####"}},
    {'I', {"###", " # ", " # ", " # ", "###"}},
    {'K', {"#   #", "#  # ", "###  ", "#  # ", "#   #"}},
    {'L', {"#    ", "#    ", "#    ", "#    ", "#####"}},
    {'N', {"#   #", "##  #", "# # #", "#  ##", "#   #"}},
    {'O', {" ### ", "#   #", "#   #", "#   #", " ### "}},
    {'P', {"#### ", "#   #", "#### ", "#    ", "#    "}},
    {'R', {"#### ", "#   #", "#### ", "#  # ", "#   #"}},
    {'S', {" ####", "#    ", " ### ", "    #", "#### "}},
    {'T', {"#####", "  #  ", "  #  ", "  #  ", "  #  "}},
    {'W', {"#   #", "#   #", "# # #", "## ##", "#   #"}},
    {'Y', {"#   #", " # # ", "  #  ", "  #  ", "  #  "}},
}};
constexpr Letter kGap{"   ", "   ", "   ", "   ", "   "};

const Letter& letter(char wanted) {
  for (const auto& [name, shape] : kLetters)
    if (name == wanted) return shape;
  return kGap;
}

}  // namespace

std::array<std::string, kBigRows> big_word(std::string_view word) {
  std::array<std::string, kBigRows> rows;
  for (const char c : word)
    for (std::size_t row = 0; row < kBigRows; ++row) (rows.at(row) += ' ') += letter(c).at(row);
  return rows;
}

}  // namespace lamp::cli
