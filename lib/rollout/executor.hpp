// Runs an approved plan in the service's database: which device may update now, what devices report, when a wave's gate
// opens. Every function runs inside the caller's transaction and reads the clock from its argument.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/clock.hpp"
#include "lib/store/database.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::rollout {

[[nodiscard]] const store::Schema& schema();

/// What one device is to install now.
struct Deployment {
  std::int64_t action;   ///< hawkBit action id: positive, 31 bits
  std::string artifact;  ///< lower-case SHA-256 of the artifact file
  std::string model, version;
};

/// The open deployment of a device, when its wave has begun. While a rollout is paused only devices that are at it
/// already go on. Nothing once the device said that it installed the release: it has to restart and prove it. An
/// indexed read; changes nothing.
[[nodiscard]] std::optional<Deployment> deployment_for(store::Transaction& transaction, std::string_view device,
                                                       Instant now);

/// Feedback on a deployment as DDI tells it. Feedback for an unknown or closed action changes nothing.
enum class Feedback { proceeding, installed, failed };
void report_feedback(store::Transaction& transaction, std::string_view device, std::int64_t action, Feedback feedback,
                     std::string_view detail, Instant now, Botan::RandomNumberGenerator& rng);

/// The version that a device runs, as it says after a start: proof of the booted image, or of one that did not stay.
/// May close its action, open the next wave, finish the rollout, or pause it; each is recorded for audit.
void report_version(store::Transaction& transaction, std::string_view device, std::string_view version, Instant now,
                    Botan::RandomNumberGenerator& rng);

}  // namespace lamp::rollout
