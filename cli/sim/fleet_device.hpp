// One provisioned virtual device as its firmware behaves in the field: polls, updates, restarts, reports.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "cli/sim/ddi_client.hpp"
#include "cli/sim/device_updater.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::sim {

class FleetDevice {
 public:
  enum class Poll {
    quiet,    ///< the service offered nothing
    updated,  ///< a new image runs and was reported
    refused,  ///< an offer was refused, or its image did not stay; the service was told
  };

  /// Throws Error{denied} for a device that no station has provisioned.
  FleetDevice(const std::filesystem::path& folder, std::shared_ptr<Botan::RandomNumberGenerator> rng);

  /// Power-up when that is due, report of a version that the service does not know, one poll, and what follows from it.
  /// Throws as DdiClient does; the device then tries again at its next poll.
  [[nodiscard]] Poll poll();

  [[nodiscard]] std::string name() const { return folder_.filename().string(); }
  [[nodiscard]] const std::string& model() const noexcept { return model_; }
  [[nodiscard]] const std::string& serial() const noexcept { return serial_; }
  [[nodiscard]] const std::string& version() const noexcept { return version_; }
  /// What happened last, for people: "1.0.0 -> 1.1.0", or the reason of a refusal.
  [[nodiscard]] const std::string& result() const noexcept { return result_; }

 private:
  FleetDevice(std::filesystem::path folder, const DeviceFlash& flash,
              std::shared_ptr<Botan::RandomNumberGenerator> rng);
  void wake(DeviceUpdater& updater);
  void report(const DeviceUpdater& updater);
  [[nodiscard]] Poll follow(const Offer& offer, DeviceUpdater& updater);
  [[nodiscard]] Poll restart(const Offer& offer, DeviceUpdater& updater);
  [[nodiscard]] Poll give_up(const Offer& offer, const std::string& why);

  std::filesystem::path folder_;
  std::string model_, serial_, version_, result_;
  DdiClient service_;
  bool awake_ = false;
  std::string reported_;  ///< version that the service knows of
};

}  // namespace lamp::sim
