// All faults of one run of lamp-sim, given to the devices that have them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cli/sim/fault_cable.hpp"
#include "cli/sim/virtual_device.hpp"

namespace lamp::sim {

class FaultPlan {
 public:
  /// Throws Error{bad_input}.
  explicit FaultPlan(const std::vector<std::string>& texts);

  /// Throws Error{not_found} when a fault is of a device that is not among `names`.
  void require_devices(const std::vector<std::string>& names) const;
  /// folder: the device's; its neighbours are beside it. Throws Error{not_found} when a twin's other is not there.
  [[nodiscard]] DeviceDefects defects_of(const std::filesystem::path& folder) const;
  /// The device behind its faulty cables.
  [[nodiscard]] std::unique_ptr<UsbDevice> wrap(std::unique_ptr<UsbDevice> device, const std::string& name,
                                                const FaultyCable::Tell& tell) const;

 private:
  std::vector<Fault> faults_;
};

}  // namespace lamp::sim
