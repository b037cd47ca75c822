// How records lie in the database. Private to lib/audit.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "lib/audit/merkle.hpp"
#include "lib/audit/note.hpp"
#include "lib/audit/record.hpp"

namespace lamp::audit {

/// Deterministic CBOR {1: Unix time, 2: actor, 3: action, 4: subject, 5: [[name, value], ...]}.
[[nodiscard]] Bytes encode_event(const Event& event, Instant at);
/// Throws Error{bad_input}.
[[nodiscard]] std::pair<Instant, Event> decode_event(ByteView encoded);

/// HMAC-SHA-256(salt, event): the log's entry for a record.
[[nodiscard]] Hash commitment_of(ByteView salt, ByteView event);

/// Throws Error{denied} when `now` is before the last checkpoint of this host.
void require_clock(store::Transaction& transaction, Instant now);
[[nodiscard]] std::optional<Instant> last_checkpoint_time(store::Transaction& transaction);

struct StoredRecord {
  std::uint64_t index;
  Bytes salt, event;
};

/// Up to `most` records of the log from `from` on, in order.
[[nodiscard]] std::vector<StoredRecord> stored_records(store::Database& database, std::uint64_t from,
                                                       std::uint64_t most);

/// Sizes and roots that were, or were about to be, published, from this size on; they name no origin.
[[nodiscard]] std::vector<Checkpoint> promised_checkpoints(store::Database& database, std::uint64_t from_size);

}  // namespace lamp::audit
