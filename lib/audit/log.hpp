// This host's transparency log: C2SP tlog-tiles with a checkpoint in signed-note form. The sequencer moves the outbox
// into the log; anybody can check the log with nothing but its public key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/audit/record.hpp"
#include "lib/base/error.hpp"

namespace Botan {
class Private_Key;
class Public_Key;
}  // namespace Botan

namespace lamp::audit {

struct LogEntry {
  std::uint64_t index;
  Instant at;
  Event event;
};

/// Where a log lives and who it is. `origin` is the name in its checkpoints, such as "demo-site.example/log".
struct LogPlace {
  std::filesystem::path directory;
  std::string origin;
};

/// Appends what the outbox holds and the log does not, writes tiles, then signs and publishes the checkpoint with the
/// P-256 `key` (signed-note type 02). Leased: one process at a time; others wait. A kill at any instant leaves a log
/// that the next call completes. Refuses a clock before the last checkpoint: Error{denied}. Gives the tree size.
std::uint64_t sequence(store::Database& database, const LogPlace& place, const Botan::Private_Key& key, Instant now,
                       Botan::RandomNumberGenerator& rng);

/// Checks everything: checkpoint signature by `key`, every tile against the root, every outbox record against its leaf,
/// no leaf without a record, the outbox sequenced to its end. Objections name index and cause.
[[nodiscard]] Verdict verify(store::Database& database, const LogPlace& place, const Botan::Public_Key& key);

/// The records in order, newest last; `from` is an index.
[[nodiscard]] std::vector<LogEntry> entries(store::Database& database, std::uint64_t from = 0);

/// An offline receipt for one record: C2SP tlog-proof text with the checkpoint. Error{not_found} when not sequenced
/// yet.
[[nodiscard]] std::string prove(store::Database& database, const LogPlace& place, std::uint64_t index);

/// The log's verifier key line ("name+id+base64"), as witnesses want it.
[[nodiscard]] std::string verifier_key(const LogPlace& place, const Botan::Public_Key& key);

}  // namespace lamp::audit
