// lamp-cloud: the fleet service. lamp-cloud(1).
#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

[[nodiscard]] Tool make_cloud_tool();

// The verbs, one file for each noun.
void add_cloud_init(Tool& tool);
void add_cloud_serve(Tool& tool);
void add_cloud_project(Tool& tool);
void add_cloud_device(Tool& tool);
void add_cloud_import(Tool& tool);

}  // namespace lamp::cli
