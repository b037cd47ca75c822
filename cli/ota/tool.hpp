// lamp-ota: the fleet operator's tool. lamp-ota(1).
#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

[[nodiscard]] Tool make_ota_tool();

void add_ota_plan(Tool& tool);
void add_ota_approve(Tool& tool);
void add_ota_start(Tool& tool);
void add_ota_status(Tool& tool);
/// pause, resume and abort.
void add_ota_steer(Tool& tool);

}  // namespace lamp::cli
