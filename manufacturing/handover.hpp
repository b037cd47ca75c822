// Finished units on their way to the service: which wait, and what its answer changes here.
#pragma once

#include <string>

#include "manufacturing/journal.hpp"

namespace lamp::manufacturing {

/// How many finished units of a station, or of all when it is empty, the service has not answered for.
[[nodiscard]] std::uint64_t count_waiting(store::Transaction& transaction, const std::string& station);

/// Keeps the service's answer for a unit. An accepted unit's escrow boxes are the service's from then on: the station's
/// copy goes in the same transaction, as a step of the unit's history. Throws Error{not_found} for a unit that this
/// host has not made. An acceptance is for good: a later answer does not take it back.
void keep_answer(store::Transaction& transaction, const std::string& serial, SyncState answer,
                 const std::string& reason, Instant now);

/// The service's answer for a unit, if there was one.
struct Answer {
  SyncState state;
  std::string reason;
  Instant at{};
};
[[nodiscard]] std::optional<Answer> find_answer(store::Transaction& transaction, const std::string& serial);

}  // namespace lamp::manufacturing
