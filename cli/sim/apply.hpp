#pragma once

#include <string>

#include "cli/command.hpp"

namespace lamp::cli {

struct SimApplyOptions {
  std::string device;
  std::string release;
};

void declare(Arguments& arguments, SimApplyOptions& options);
Exit sim_apply(const SimApplyOptions& options, World& world);

}  // namespace lamp::cli
