#include "lib/audit/sequencer.hpp"

#include <botan/pk_keys.h>

#include <algorithm>

#include "lib/audit/note.hpp"
#include "lib/audit/stored.hpp"
#include "lib/audit/tiles.hpp"
#include "lib/base/file.hpp"

namespace lamp::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBatch = 1024;

/// Gives every record of the outbox its index, for good: the order of the log is decided here, and only here.
std::uint64_t assign_indices(store::Database& database, Instant now) {
  return database.write([&](store::Transaction& t) {
    require_clock(t, now);
    auto next = t.query_one("SELECT coalesce(max(entry) + 1, 0) FROM audit_record")->integer(0);
    for (const auto& row : t.query("SELECT id FROM audit_record WHERE entry IS NULL ORDER BY id"))
      t.execute("UPDATE audit_record SET entry = ? WHERE id = ?", {next++, row.blob(0)});
    return static_cast<std::uint64_t>(next);
  });
}

/// The checkpoint that is there, or an empty one. It must be ours.
Checkpoint published(const LogPlace& place, const Botan::Public_Key& key) {
  const auto file = place.directory / "checkpoint";
  if (!fs::exists(file)) return {place.origin, 0, root_of({})};
  const auto note = parse_note(read_text_file(file));
  if (const auto verdict = verify_note(note, place.origin, key); !verdict.acceptable())
    throw Error{Errc::denied, file.string() + ": " + verdict.objections.front()};
  return parse_checkpoint(note.text);
}

std::vector<Hash> commitments(const std::vector<StoredRecord>& records) {
  std::vector<Hash> result;
  for (const auto& record : records) result.push_back(commitment_of(record.salt, record.event));
  return result;
}

void require_promises(const std::vector<Checkpoint>& promises, const LogBuilder& builder) {
  for (const auto& promise : promises)
    if (promise.size == builder.size() && promise.root != builder.root())
      throw Error{Errc::denied, "the log would not agree with the checkpoint that was made for its first " +
                                    std::to_string(promise.size) + " entries; run 'lamp-audit verify'"};
}

struct Grown {
  Checkpoint checkpoint;
  std::vector<std::string> whole;  ///< tiles that became full: their partial forms are superseded
};

Grown grow(store::Database& database, const LogPlace& place, const Checkpoint& from, std::uint64_t total,
           const Publisher& publish_file) {
  Grown grown;
  LogBuilder builder{[&](const std::string& path, const Bytes& content) {
    publish_file(place.directory / path, content);
    if (path.find(".p/") == std::string::npos) grown.whole.push_back(path);
  }};
  const auto open = from.size % kTileWidth;
  builder.resume(TileReader{place.directory, from.size}, from.size,
                 commitments(stored_records(database, from.size - open, open)));
  if (builder.root() != from.root)
    throw Error{Errc::denied, "the log's tiles do not lead to its checkpoint; run 'lamp-audit verify'"};
  // An earlier run's promise binds this one.
  const auto promises = promised_checkpoints(database, from.size);
  require_promises(promises, builder);
  while (builder.size() < total) {
    const auto records = stored_records(database, builder.size(), std::min(kBatch, total - builder.size()));
    if (records.empty()) throw Error{Errc::denied, "records of the log are missing in the database"};
    for (const auto& commitment : commitments(records)) {
      builder.add(commitment);
      require_promises(promises, builder);
    }
  }
  builder.flush();
  grown.checkpoint = {place.origin, builder.size(), builder.root()};
  return grown;
}

void promise(store::Database& database, const Checkpoint& checkpoint, Instant now) {
  database.write([&](store::Transaction& t) {
    const auto last = last_checkpoint_time(t);
    t.execute("INSERT INTO audit_checkpoint (size, root, at) VALUES (?, ?, ?) ON CONFLICT (size) DO NOTHING",
              {static_cast<std::int64_t>(checkpoint.size), Bytes(checkpoint.root.begin(), checkpoint.root.end()),
               unix_seconds(last ? std::max(*last, now) : now)});
  });
}

}  // namespace

std::uint64_t sequence(store::Database& database, const LogPlace& place, const Botan::Private_Key& key, Instant now,
                       Botan::RandomNumberGenerator& rng, const Publisher& publish_file) {
  guarded(Errc::unavailable, [&] { fs::create_directories(place.directory); });
  // The lease: it ends with the process, so a killed one is in nobody's way.
  const FileLock lease{place.directory / ".lock"};
  const auto total = assign_indices(database, now);
  const auto before = published(place, key);
  if (before.size > total)
    throw Error{Errc::denied, "the log has " + std::to_string(before.size) + " entries, the database only " +
                                  std::to_string(total) + ": it is older than its log; restore the newer one"};
  if (before.size == total) return total;
  const auto grown = grow(database, place, before, total, publish_file);
  promise(database, grown.checkpoint, now);
  publish_file(place.directory / "checkpoint",
               as_bytes(sign_note(checkpoint_text(grown.checkpoint), place.origin, key, rng)));
  for (const auto& path : grown.whole) {
    std::error_code left_behind;  // does no harm
    fs::remove_all(place.directory / (path + ".p"), left_behind);
  }
  return total;
}

std::uint64_t sequence(store::Database& database, const LogPlace& place, const Botan::Private_Key& key, Instant now,
                       Botan::RandomNumberGenerator& rng) {
  return sequence(database, place, key, now, rng,
                  [](const fs::path& path, ByteView content) { publish(path, content); });
}

}  // namespace lamp::audit
