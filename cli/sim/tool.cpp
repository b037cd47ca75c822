#include "cli/sim/tool.hpp"

#include "cli/sim/apply.hpp"
#include "cli/sim/fleet.hpp"
#include "cli/sim/list.hpp"
#include "cli/sim/usb.hpp"

namespace lamp::cli {

Tool make_sim_tool() {
  Tool tool{"lamp-sim", "Virtual lamps and gateways for training, dry runs and tests"};
  tool.verb<SimUsbOptions>("usb", "Run a program that sees virtual devices on its USB bus", declare, sim_usb);
  tool.verb<SimFleetOptions>("fleet", "Let the provisioned devices poll the service for updates", declare, sim_fleet);
  tool.verb<SimApplyOptions>("apply", "Offer a release file to one device", declare, sim_apply);
  tool.verb<SimListOptions>("list", "Show the virtual devices", declare, sim_list);
  return tool;
}

}  // namespace lamp::cli
