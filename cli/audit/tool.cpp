#include "cli/audit/tool.hpp"

namespace lamp::cli {

Tool make_audit_tool() {
  Tool tool{"lamp-audit", "Verifies, shows and proves what the transparency log holds"};
  add_audit_verify(tool);
  add_audit_show(tool);
  add_audit_prove(tool);
  return tool;
}

}  // namespace lamp::cli
