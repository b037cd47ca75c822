// What a virtual device keeps without power: a folder sim/<name>/ that only its owner may read. The file "identity"
// holds who it is, small, so that each change of state is one atomic write; the file "flash" is the updater's part.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "lib/base/bytes.hpp"
#include "lib/base/file.hpp"
#include "lib/base/secret.hpp"
#include "lib/firmware/device_profile.hpp"
#include "manufacturing/lamp_protocol.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::sim {

struct FlashContents {
  std::string model;
  Bytes chip_id;
  std::uint64_t hardware_revision = 1;
  std::uint64_t slot_size = 0;  ///< bytes that a firmware image may have
  manufacturing::Lifecycle state = manufacturing::Lifecycle::blank;
  manufacturing::DebugPort debug_port = manufacturing::DebugPort::open;
  SecureBytes private_key;       ///< PKCS#8 DER; empty while blank
  SecureBytes credential_block;  ///< as it was opened; empty until provisioned
};

class DeviceFlash {
 public:
  /// A new device from the chip maker: a chip id of its own and firmware 1.0.0. Throws Error{exists} when the folder
  /// holds one already.
  [[nodiscard]] static DeviceFlash create(const std::filesystem::path& folder, const firmware::DeviceProfile& profile,
                                          Botan::RandomNumberGenerator& rng);
  /// Waits while another program holds the device. Throws Error{not_found}, Error{bad_input}.
  [[nodiscard]] static DeviceFlash open(const std::filesystem::path& folder);
  [[nodiscard]] static bool is_at(const std::filesystem::path& folder);
  /// A look at a device that another program may hold.
  [[nodiscard]] static FlashContents peek(const std::filesystem::path& folder);

  [[nodiscard]] const FlashContents& contents() const noexcept { return contents_; }
  /// All of it or, after a power cut, nothing of it. Throws Error{unavailable} when the disk does not take it.
  void write(FlashContents contents);
  /// Forgets what is in memory and reads again.
  void power_cycle();
  /// Where the updater's part is.
  [[nodiscard]] static std::filesystem::path image_file(const std::filesystem::path& folder);
  [[nodiscard]] std::filesystem::path image_file() const { return image_file(folder_); }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  [[nodiscard]] std::string name() const { return folder_.filename().string(); }

 private:
  DeviceFlash(std::filesystem::path folder, FileLock lock) : folder_{std::move(folder)}, lock_{std::move(lock)} {}
  std::filesystem::path folder_;
  FileLock lock_;
  FlashContents contents_;
};

}  // namespace lamp::sim
