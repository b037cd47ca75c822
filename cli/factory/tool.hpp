// lamp-factory: production orders and the line station.
#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

[[nodiscard]] Tool make_factory_tool();

void add_order_create(Tool& tool);
void add_order_approve(Tool& tool);
void add_order_show(Tool& tool);
void add_order_close(Tool& tool);
void add_run(Tool& tool);
void add_status(Tool& tool);
void add_scrap(Tool& tool);
void add_label(Tool& tool);
void add_scan(Tool& tool);
void add_sync(Tool& tool);
void add_report(Tool& tool);

}  // namespace lamp::cli
