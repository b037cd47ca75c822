#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace lamp::cli {

struct SimUsbOptions {
  std::vector<std::string> models;  ///< MODEL=COUNT
  std::vector<std::string> faults;  ///< DEVICE=KIND@STEP
  std::string capture;              ///< file; none when empty
  bool vhci = false;
  std::uint64_t ports = 0;  ///< for all devices, one after the other; one for each when 0
  std::uint64_t step_time = 0, restart_time = 40, swap_time = 400;  ///< milliseconds
  std::vector<std::string> command;
};

void declare(Arguments& arguments, SimUsbOptions& options);
Exit sim_usb(const SimUsbOptions& options, World& world);

}  // namespace lamp::cli
