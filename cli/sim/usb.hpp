#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"

namespace lamp::cli {

struct SimUsbOptions {
  std::vector<std::string> models;  ///< MODEL=COUNT
  std::vector<std::string> faults;  ///< DEVICE=KIND@STEP
  std::string capture;              ///< file; none when empty
  bool vhci = false;
  std::vector<std::string> command;
};

void declare(Arguments& arguments, SimUsbOptions& options);
Exit sim_usb(const SimUsbOptions& options, World& world);

}  // namespace lamp::cli
