#include "cli/cloud/tool.hpp"

namespace lamp::cli {

Tool make_cloud_tool() {
  Tool tool{"lamp-cloud", "The fleet service: registry, projects, devices' updates over HTTPS"};
  add_cloud_init(tool);
  add_cloud_serve(tool);
  add_cloud_project(tool);
  add_cloud_device(tool);
  add_cloud_import(tool);
  return tool;
}

}  // namespace lamp::cli
