#include "cli/ota/tool.hpp"

namespace lamp::cli {

Tool make_ota_tool() {
  Tool tool{"lamp-ota", "Plans, approves, runs and watches updates of a fleet"};
  add_ota_plan(tool);
  add_ota_approve(tool);
  add_ota_start(tool);
  add_ota_status(tool);
  add_ota_steer(tool);
  return tool;
}

}  // namespace lamp::cli
