#pragma once

#include <string>

#include "cli/command.hpp"

namespace lamp::cli {

struct InitOptions {
  std::string directory;
  bool demo = false;
  std::uint64_t port = 8443;
};

void declare(Arguments& arguments, InitOptions& options);
Exit init(const InitOptions& options, World& world);

}  // namespace lamp::cli
