#include "cli/lamp/tool.hpp"

#include "cli/lamp/init.hpp"

namespace lamp::cli {

Tool make_lamp_tool() {
  Tool tool{"lamp", "Makes a site; 'lamp TOOL ...' is the same as 'lamp-TOOL ...'"};
  tool.verb<InitOptions>("init", "Make a new site in an empty folder", declare, init);
  return tool;
}

}  // namespace lamp::cli
