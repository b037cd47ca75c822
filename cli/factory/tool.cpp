#include "cli/factory/tool.hpp"

namespace lamp::cli {

Tool make_factory_tool() {
  Tool tool{"lamp-factory", "Production orders, and the line station that makes devices from them"};
  add_order_create(tool);
  add_order_approve(tool);
  add_order_show(tool);
  add_order_close(tool);
  add_run(tool);
  add_status(tool);
  add_scrap(tool);
  add_label(tool);
  add_scan(tool);
  add_sync(tool);
  add_report(tool);
  return tool;
}

}  // namespace lamp::cli
