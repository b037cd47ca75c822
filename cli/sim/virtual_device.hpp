// A virtual lamp or gateway: what its firmware does with the station's requests. Its key is made inside and leaves only
// into its own flash.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "cli/sim/device_flash.hpp"
#include "manufacturing/lamp_protocol.hpp"

namespace Botan {
class Private_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::sim {

/// What is wrong with a device's firmware or chip, for training and tests.
struct DeviceDefects {
  bool no_lock = false;    ///< says that it locked, and did not
  bool open_port = false;  ///< the fuse of the debug port does not take
  Bytes chip_id{};         ///< another device's; its own when empty
  [[nodiscard]] bool are_there() const noexcept { return no_lock || open_port || !chip_id.empty(); }
};

class VirtualDevice {
 public:
  /// Power-up: makes the session's key pair. The generator must outlive the device.
  VirtualDevice(DeviceFlash flash, Botan::RandomNumberGenerator& rng, DeviceDefects defects = {});
  VirtualDevice(VirtualDevice&&) noexcept;
  VirtualDevice& operator=(VirtualDevice&&) = delete;
  VirtualDevice(const VirtualDevice&) = delete;
  VirtualDevice& operator=(const VirtualDevice&) = delete;
  ~VirtualDevice();

  /// Every change of state is in flash before the answer is given. A refusal changes nothing. After Resetting the
  /// device expects power_cycle(). Throws Error{unavailable} when the flash does not take a write.
  [[nodiscard]] manufacturing::Response answer(const manufacturing::Request& request);
  void power_cycle();

  [[nodiscard]] const std::string& model() const noexcept { return flash_.contents().model; }
  [[nodiscard]] const Bytes& chip_id() const noexcept {
    return defects_.chip_id.empty() ? flash_.contents().chip_id : defects_.chip_id;
  }
  [[nodiscard]] std::string name() const { return flash_.name(); }
  [[nodiscard]] DeviceFlash& flash() noexcept { return flash_; }

 private:
  [[nodiscard]] manufacturing::ResponseBody act(const manufacturing::Identify& request);
  [[nodiscard]] manufacturing::ResponseBody act(const manufacturing::Generate& request);
  [[nodiscard]] manufacturing::ResponseBody act(const manufacturing::Install& request);
  [[nodiscard]] manufacturing::ResponseBody act(const manufacturing::Prove& request);
  [[nodiscard]] manufacturing::ResponseBody act(const manufacturing::Lock& request);
  [[nodiscard]] manufacturing::ResponseBody act(const manufacturing::Reset& request);
  [[nodiscard]] manufacturing::ResponseBody act(const manufacturing::MakeRequest& request);
  [[nodiscard]] Bytes sign(ByteView message);

  DeviceFlash flash_;
  DeviceDefects defects_;
  Botan::RandomNumberGenerator& rng_;
  std::unique_ptr<Botan::Private_Key> session_key_;
  manufacturing::DebugPort debug_port_;  ///< as the chip latched it at power-up
};

/// The key in a device's flash. Throws Error{not_found} while it is blank.
[[nodiscard]] std::unique_ptr<Botan::Private_Key> device_key(const FlashContents& contents);

}  // namespace lamp::sim
