// The kernel's virtual USB host controller (module vhci-hcd), reached through its attributes in sysfs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/base/posix_file.hpp"

namespace lamp::sim {

class VhciController {
 public:
  /// Throws Error{unavailable} when the kernel has none, Error{denied} when this account may not plug in.
  explicit VhciController(std::filesystem::path folder = "/sys/devices/platform/vhci_hcd.0");

  /// A high-speed port with nothing in it. Throws Error{unavailable} when all are taken.
  [[nodiscard]] unsigned free_port() const;

  /// Plugs a high-speed device in. Gives the stream that carries its USB/IP: to hang up is to pull it out. Nothing
  /// while the port still has to let go of what was there. Throws Error{unavailable}.
  [[nodiscard]] std::optional<posix::Descriptor> attach(unsigned port, std::uint32_t device_id) const;

 private:
  std::filesystem::path folder_;
};

/// The high-speed ports that a controller's "status" shows as empty. Throws Error{bad_input}.
[[nodiscard]] std::vector<unsigned> empty_ports(std::string_view status);

}  // namespace lamp::sim
