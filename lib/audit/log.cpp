#include "lib/audit/log.hpp"

#include "lib/audit/note.hpp"
#include "lib/audit/stored.hpp"
#include "lib/audit/tiles.hpp"
#include "lib/base/file.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::audit {

std::vector<StoredRecord> stored_records(store::Database& database, std::uint64_t from, std::uint64_t most) {
  return database.read([&](store::Transaction& t) {
    std::vector<StoredRecord> records;
    for (const auto& row :
         t.query("SELECT entry, salt, event FROM audit_record WHERE entry >= ? AND entry < ? ORDER BY entry",
                 {static_cast<std::int64_t>(from), static_cast<std::int64_t>(from + most)}))
      records.push_back({static_cast<std::uint64_t>(row.integer(0)), row.blob(1), row.blob(2)});
    return records;
  });
}

std::vector<Checkpoint> promised_checkpoints(store::Database& database, std::uint64_t from_size) {
  return database.read([&](store::Transaction& t) {
    std::vector<Checkpoint> result;
    for (const auto& row : t.query("SELECT size, root FROM audit_checkpoint WHERE size >= ? ORDER BY size",
                                   {static_cast<std::int64_t>(from_size)}))
      result.push_back({{}, static_cast<std::uint64_t>(row.integer(0)), to_hash(row.blob(1))});
    return result;
  });
}

std::vector<LogEntry> entries(store::Database& database, std::uint64_t from) {
  return database.read([&](store::Transaction& t) {
    std::vector<LogEntry> result;
    for (const auto& row : t.query("SELECT entry, event FROM audit_record WHERE entry >= ? ORDER BY entry",
                                   {static_cast<std::int64_t>(from)})) {
      auto [at, event] = decode_event(row.blob(1));
      result.push_back({static_cast<std::uint64_t>(row.integer(0)), at, std::move(event)});
    }
    return result;
  });
}

std::string prove(store::Database& database, const LogPlace& place, std::uint64_t index) {
  const auto file = place.directory / "checkpoint";
  const auto records = stored_records(database, index, 1);
  if (records.empty() || !std::filesystem::exists(file))
    throw Error{Errc::not_found, "the log has no entry " + std::to_string(index)};
  const auto note = read_text_file(file);
  const auto checkpoint = parse_checkpoint(parse_note(note).text);
  if (index >= checkpoint.size)
    throw Error{Errc::not_found, "entry " + std::to_string(index) + " is not under a checkpoint yet"};
  const TileReader tiles{place.directory, checkpoint.size};
  const auto path = inclusion_path(
      index, checkpoint.size, [&](unsigned level, std::uint64_t subtree) { return tiles.subtree(level, subtree); });
  // The record opens the commitment that is the entry; without it the proof would show only that something was logged.
  const auto opening = cbor::Writer{}.array(2).bytes(records[0].salt).bytes(records[0].event).encoded();
  std::string proof = "c2sp.org/tlog-proof@v1\nextra " + base64(opening) + "\nindex " + std::to_string(index) + "\n";
  for (const auto& hash : path) proof += base64(hash) + "\n";
  return proof + "\n" + note;
}

std::string verifier_key(const LogPlace& place, const Botan::Public_Key& key) { return note_key(place.origin, key); }

}  // namespace lamp::audit
