#pragma once

#include <cstdint>

#include "cli/command.hpp"

namespace lamp::cli {

struct SimFleetOptions {
  bool until_done = false;
  std::uint64_t poll = 1;
  std::uint64_t quiet = 30;
  std::uint64_t timeout = 600;
  bool json = false;
};

void declare(Arguments& arguments, SimFleetOptions& options);
Exit sim_fleet(const SimFleetOptions& options, World& world);

}  // namespace lamp::cli
