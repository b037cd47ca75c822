#include "cli/bind/tool.hpp"

namespace lamp::cli {

Tool make_bind_tool() {
  Tool tool{"lamp-bind", "Brings gateways to projects and lamps into networks"};
  add_bind_claim(tool);
  add_bind_network(tool);
  return tool;
}

}  // namespace lamp::cli
