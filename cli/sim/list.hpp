#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

struct SimListOptions {
  bool json = false;
};

void declare(Arguments& arguments, SimListOptions& options);
Exit sim_list(const SimListOptions& options, World& world);

}  // namespace lamp::cli
