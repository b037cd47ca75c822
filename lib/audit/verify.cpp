#include <optional>

#include "lib/audit/log.hpp"
#include "lib/audit/note.hpp"
#include "lib/audit/stored.hpp"
#include "lib/audit/tiles.hpp"
#include "lib/base/file.hpp"

namespace lamp::audit {
namespace {

constexpr std::size_t kMostObjections = 20;

/// Builds the log a second time from what it and the database say, and collects every disagreement.
class Inspection {
 public:
  Inspection(store::Database& database, const LogPlace& place) : database_{database}, place_{place} {}

  Verdict run(const Botan::Public_Key& key) {
    count_outbox();
    const auto checkpoint = open_checkpoint(key);
    if (checkpoint) replay(*checkpoint);
    if (verdict_.objections.size() > kMostObjections) {
      const auto more = verdict_.objections.size() - kMostObjections;
      verdict_.objections.resize(kMostObjections);
      verdict_.objections.push_back("and " + std::to_string(more) + " more");
    }
    return std::move(verdict_);
  }

 private:
  void object(std::string why) { verdict_.objections.push_back(std::move(why)); }

  void count_outbox() {
    const auto [waiting, sequenced] = database_.read([](store::Transaction& t) {
      return std::pair{t.query_one("SELECT count(*) FROM audit_record WHERE entry IS NULL")->integer(0),
                       t.query_one("SELECT count(*) FROM audit_record WHERE entry IS NOT NULL")->integer(0)};
    });
    records_ = static_cast<std::uint64_t>(sequenced);
    if (waiting != 0) object(std::to_string(waiting) + " records wait in the outbox; the next command carries them on");
  }

  std::optional<Checkpoint> open_checkpoint(const Botan::Public_Key& key) {
    const auto file = place_.directory / "checkpoint";
    if (!std::filesystem::exists(file)) {
      if (records_ != 0) object("the checkpoint is absent");
      return std::nullopt;
    }
    const auto opened = attempt([&] {
      const auto note = parse_note(read_text_file(file));
      for (const auto& objection : verify_note(note, place_.origin, key).objections) object("checkpoint: " + objection);
      return parse_checkpoint(note.text);
    });
    if (const auto* error = std::get_if<Error>(&opened)) {
      object(std::string{"checkpoint: "} + error->what());
      return std::nullopt;
    }
    auto checkpoint = std::get<Checkpoint>(opened);
    if (checkpoint.origin != place_.origin) object("checkpoint: made for " + checkpoint.origin);
    return checkpoint;
  }

  void replay(const Checkpoint& checkpoint) {
    const TileReader tiles{place_.directory, checkpoint.size};
    LogBuilder builder{[this](const std::string& path, const Bytes& content) { compare(path, content); }};
    const auto promises = promised_checkpoints(database_, 0);
    auto next_promise = promises.begin();
    while (builder.size() < checkpoint.size) {
      const auto logged = attempt([&] { return tiles.bundle(builder.size() / kTileWidth); });
      if (const auto* error = std::get_if<Error>(&logged)) return object(error->what());
      const auto& entries = std::get<std::vector<Hash>>(logged);
      check_records(builder.size(), entries);
      for (const auto& entry : entries) {
        builder.add(entry);
        for (; next_promise != promises.end() && next_promise->size == builder.size(); ++next_promise)
          if (next_promise->root != builder.root())
            object("the first " + std::to_string(builder.size()) + " entries are not those of their checkpoint");
      }
    }
    builder.flush();
    if (builder.root() != checkpoint.root) object("checkpoint: the entries do not lead to its root");
    if (!promises.empty() && promises.back().size > checkpoint.size)
      object("a checkpoint for " + std::to_string(promises.back().size) + " entries was made, but the log has " +
             std::to_string(checkpoint.size));
    if (records_ > checkpoint.size)
      object(std::to_string(records_ - checkpoint.size) +
             " records are not in the log yet; the next command adds them");
  }

  void check_records(std::uint64_t first, const std::vector<Hash>& entries) {
    const auto records = stored_records(database_, first, entries.size());
    auto record = records.begin();
    for (std::uint64_t offset = 0; offset < entries.size(); ++offset) {
      const auto name = "entry " + std::to_string(first + offset);
      if (record == records.end() || record->index != first + offset) {
        object(name + ": no record");
        continue;
      }
      const bool readable = std::holds_alternative<bool>(attempt([&] {
        (void)decode_event(record->event);
        return true;
      }));
      if (commitment_of(record->salt, record->event) != entries[static_cast<std::size_t>(offset)])
        object(name + ": the record was altered");
      else if (!readable)
        object(name + ": the record cannot be read");
      ++record;
    }
  }

  void compare(const std::string& path, const Bytes& expected) {
    auto file = place_.directory / path;
    const auto part = path.rfind(".p/");
    // The partial form may have been removed when a later run filled the tile; then its beginning must agree.
    if (part != std::string::npos && !std::filesystem::exists(file)) file = place_.directory / path.substr(0, part);
    const auto read = attempt([&] { return read_file(file); });
    if (const auto* error = std::get_if<Error>(&read)) return object(error->what());
    const auto& content = std::get<Bytes>(read);
    if (content.size() < expected.size() || !std::equal(expected.begin(), expected.end(), content.begin()))
      object(path + ": is not what the entries lead to");
  }

  store::Database& database_;
  const LogPlace& place_;
  Verdict verdict_;
  std::uint64_t records_ = 0;
};

}  // namespace

Verdict verify(store::Database& database, const LogPlace& place, const Botan::Public_Key& key) {
  return Inspection{database, place}.run(key);
}

}  // namespace lamp::audit
