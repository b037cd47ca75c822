// Rollouts as operators see them: started from a plan, watched, paused, resumed, aborted. Every function runs inside
// the caller's transaction; who may call is the caller's business.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/rollout/gate.hpp"
#include "lib/rollout/plan.hpp"
#include "lib/store/database.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::rollout {

enum class State : std::int64_t { running = 1, paused = 2, finished = 3, aborted = 4 };
[[nodiscard]] std::string_view text_of(State state) noexcept;

struct WaveStatus {
  std::string name;
  Gate gate;
  WaveCounts counts;
  std::optional<Instant> begins;  ///< absent while an earlier wave's gate is closed
};

struct Failure {
  std::string device, detail;
};

struct Status {
  std::string id, project, model, version;
  State state = State::running;
  std::string reason;  ///< why it is paused
  std::string started_by;
  Instant started, changed;
  std::vector<WaveStatus> waves;
  std::vector<Failure> failures;  ///< at most 100
};

/// Starts the plan, whose approvals the caller has counted (`approvers`). The same plan again changes nothing. Throws
/// Error{exists} when a device has an open action of another rollout.
void start(store::Transaction& transaction, const Plan& plan, const std::string& starter,
           const std::vector<std::string>& approvers, Instant now, Botan::RandomNumberGenerator& rng);

[[nodiscard]] std::optional<Status> status(store::Transaction& transaction, std::string_view id);

/// Throw Error{denied} when the rollout is not in a state for it, Error{not_found} when there is none. Doing it twice
/// changes nothing.
void pause(store::Transaction& transaction, std::string_view id, const std::string& actor, Instant now,
           Botan::RandomNumberGenerator& rng);
/// The failures so far are forgiven: see WaveCounts.
void resume(store::Transaction& transaction, std::string_view id, const std::string& actor, Instant now,
            Botan::RandomNumberGenerator& rng);
/// For good. Devices that are at it are not told; what they report then changes nothing.
void abort(store::Transaction& transaction, std::string_view id, const std::string& actor, Instant now,
           Botan::RandomNumberGenerator& rng);

}  // namespace lamp::rollout
