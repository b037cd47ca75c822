// A running rollout's rows. Private to lib/rollout.
#pragma once

#include "lib/rollout/rollouts.hpp"

namespace lamp::rollout {

enum class ActionState : std::int64_t {
  waiting = 1,
  proceeding = 2,
  installed = 3,
  proven = 4,
  failed = 5,
  dropped = 6
};

/// A rollout's own row.
struct Head {
  std::string id, model, version;
  State state;
};
[[nodiscard]] std::optional<Head> find_head(store::Transaction& transaction, std::string_view id);

void set_state(store::Transaction& transaction, const std::string& id, State state, const std::string& reason,
               Instant now);

/// The waves in order.
[[nodiscard]] std::vector<WaveStatus> waves_of(store::Transaction& transaction, const std::string& id);

/// Judges every wave that has begun, and does what follows: opens the next, pauses or finishes the rollout. Call after
/// whatever changed a count.
void evaluate(store::Transaction& transaction, const Head& rollout, Instant now, Botan::RandomNumberGenerator& rng);

}  // namespace lamp::rollout
