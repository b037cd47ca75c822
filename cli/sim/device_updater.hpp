// The updater in a provisioned virtual device: lib/firmware/device over the device's own flash and credential block.
#pragma once

#include <filesystem>

#include "cli/sim/device_flash.hpp"
#include "lib/base/error.hpp"
#include "lib/firmware/application.hpp"
#include "lib/firmware/credential_block.hpp"
#include "lib/firmware/device/file_flash.hpp"
#include "lib/firmware/device/software_crypto.hpp"
#include "lib/firmware/device/updater.hpp"
#include "lib/firmware/release_file.hpp"

namespace lamp::sim {

/// Throws Error{denied} for a device that no station has provisioned.
[[nodiscard]] firmware::CredentialBlock credentials_of(const DeviceFlash& flash);

/// Whether a flash part may be given to an application: its partner, whom the device knows, signed it. All else its
/// updater judges.
[[nodiscard]] firmware::Outcome admit(const DeviceFlash& flash, const firmware::Application& application,
                                      const firmware::ReleaseFile& release);

class DeviceUpdater {
 public:
  /// Throws as credentials_of does.
  explicit DeviceUpdater(const DeviceFlash& flash);
  /// Of one partner's application, which has a flash part of its own. Throws Error{denied} as well when the device does
  /// not know the partner.
  DeviceUpdater(const DeviceFlash& flash, const firmware::Application& application);
  DeviceUpdater(const DeviceUpdater&) = delete;
  DeviceUpdater& operator=(const DeviceUpdater&) = delete;
  ~DeviceUpdater() = default;

  /// What the boot code does, and the new firmware's self-test, which in a virtual device always passes.
  firmware::device::Boot start();
  [[nodiscard]] firmware::Outcome offer(ByteView release) { return updater_.offer(release); }
  /// A release file as it would come over a cable: in pieces, its payload inside or in the file beside it. Throws
  /// Error{not_found} and the like when a file cannot be read.
  [[nodiscard]] firmware::Outcome receive(const std::filesystem::path& release);

  [[nodiscard]] const firmware::device::Settings& settings() const noexcept { return updater_.settings(); }
  [[nodiscard]] bool empty() const noexcept { return updater_.running().size == 0; }
  [[nodiscard]] Version version() const noexcept { return updater_.running().version; }

 private:
  firmware::CredentialBlock credentials_;
  firmware::device::DeviceTrust trust_;
  firmware::device::FileFlash flash_;
  firmware::device::SoftwareCrypto crypto_;
  firmware::device::Updater updater_;
};

}  // namespace lamp::sim
