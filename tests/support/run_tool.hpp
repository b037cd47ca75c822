// Runs a tool in this process, with a fixed clock and captured streams.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace lamp::test {

struct Ran {
  int exit;
  std::string out;
  std::string err;
};

/// 2026-11-22T13:00:00Z, real randomness, no terminal, empty standard input.
[[nodiscard]] Ran run_tool(cli::Tool tool, const std::vector<std::string>& arguments);

}  // namespace lamp::test
