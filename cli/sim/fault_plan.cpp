#include "cli/sim/fault_plan.hpp"

#include <algorithm>

#include "cli/sim/device_flash.hpp"
#include "lib/base/error.hpp"

namespace lamp::sim {

FaultPlan::FaultPlan(const std::vector<std::string>& texts) {
  for (const auto& text : texts) faults_.push_back(Fault::parse(text));
}

void FaultPlan::require_devices(const std::vector<std::string>& names) const {
  for (const auto& fault : faults_)
    if (std::find(names.begin(), names.end(), fault.device) == names.end())
      throw Error{Errc::not_found, "--fault: " + fault.device + " is not plugged in; " +
                                       (names.empty() ? "nothing is" : names.front() + " to " + names.back() + " are")};
}

DeviceDefects FaultPlan::defects_of(const std::filesystem::path& folder) const {
  DeviceDefects defects;
  for (const auto& fault : faults_) {
    if (fault.device != folder.filename().string()) continue;
    if (fault.kind == FaultKind::no_lock) defects.no_lock = true;
    if (fault.kind == FaultKind::open_port) defects.open_port = true;
    if (fault.kind != FaultKind::twin) continue;
    const auto other = folder.parent_path() / fault.other;
    if (!DeviceFlash::is_at(other))
      throw Error{Errc::not_found, "--fault: there is no device " + fault.other + " yet for " + fault.device +
                                       " to have the chip id of"};
    defects.chip_id = DeviceFlash::peek(other).chip_id;
  }
  return defects;
}

std::unique_ptr<UsbDevice> FaultPlan::wrap(std::unique_ptr<UsbDevice> device, const std::string& name,
                                           const FaultyCable::Tell& tell) const {
  for (const auto& fault : faults_)
    if (fault.device == name && fault.is_of_cable())
      device = std::make_unique<FaultyCable>(std::move(device), fault, tell);
  return device;
}

}  // namespace lamp::sim
