// Audit records: written into the outbox table by the same transaction as the act that they tell of, so that neither
// exists without the other. The log (lib/audit/log.hpp) carries them on.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/store/database.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::audit {

/// What happened. Never holds a secret. `action` is "<tool>.<verb>.<what>" such as "ca.issue"; `subject` names the one
/// thing it happened to (a serial number, MAC address, release, order id); details are further named values.
struct Event {
  std::string actor;  ///< who: an officer, operator or station name, or the account that ran the command
  std::string action;
  std::string subject;
  std::vector<std::pair<std::string, std::string>> details;
};

[[nodiscard]] const store::Schema& schema();

/// Adds the event to the outbox with a fresh 32-byte salt. The log later holds only the commitment
/// HMAC-SHA-256(salt, deterministic CBOR of the event), so nobody can guess a MAC address from it.
void record(store::Transaction& transaction, const Event& event, Instant now, Botan::RandomNumberGenerator& rng);
/// The same for many at once, in their order.
void record(store::Transaction& transaction, std::span<const Event> events, Instant now,
            Botan::RandomNumberGenerator& rng);

}  // namespace lamp::audit
