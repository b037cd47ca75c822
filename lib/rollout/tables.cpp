#include "lib/rollout/tables.hpp"

#include "lib/audit/record.hpp"
#include "lib/rollout/executor.hpp"

namespace lamp::rollout {
namespace {

constexpr const char* kActor = "service";

void pause_for(store::Transaction& t, const Head& rollout, const std::string& why, Instant now,
               Botan::RandomNumberGenerator& rng) {
  set_state(t, rollout.id, State::paused, why, now);
  // A wave that was to begin after its predecessor's soak waits for the operator as well.
  t.execute("UPDATE rollout_wave SET begins = NULL WHERE rollout = ? AND begins > ?", {rollout.id, unix_seconds(now)});
  audit::record(t, {kActor, "ota.pause", rollout.id, {{"reason", why}}}, now, rng);
}

void finish(store::Transaction& t, const Head& rollout, Instant now, Botan::RandomNumberGenerator& rng) {
  set_state(t, rollout.id, State::finished, {}, now);
  audit::record(t, {kActor, "ota.finish", rollout.id, {{"release", rollout.model + "/" + rollout.version}}}, now, rng);
}

void open_wave(store::Transaction& t, const Head& rollout, std::size_t number, const std::string& name, Instant begins,
               Instant now, Botan::RandomNumberGenerator& rng) {
  t.execute("UPDATE rollout_wave SET begins = ? WHERE rollout = ? AND number = ?",
            {unix_seconds(begins), rollout.id, static_cast<std::int64_t>(number)});
  audit::record(t, {kActor, "ota.wave", rollout.id, {{"wave", name}, {"begins", format_instant(begins)}}}, now, rng);
}

void add_count(WaveCounts& counts, ActionState state, std::uint64_t devices) {
  switch (state) {
    case ActionState::waiting: counts.waiting += devices; break;
    case ActionState::proceeding: counts.proceeding += devices; break;
    case ActionState::installed: counts.installed += devices; break;
    case ActionState::proven: counts.proven += devices; break;
    case ActionState::failed: counts.failed += devices; break;
    case ActionState::dropped: break;
  }
}

}  // namespace

const store::Schema& schema() {
  // rollout_open holds one row for each device that has work: what a device is to do next is one lookup by its key, and
  // two rollouts cannot both want the same device.
  static const store::Schema schema{"rollout",
                                    {"CREATE TABLE rollout ("
                                     " id TEXT PRIMARY KEY, project TEXT NOT NULL, model TEXT NOT NULL,"
                                     " version TEXT NOT NULL, artifact TEXT NOT NULL, plan BYTEA NOT NULL,"
                                     " state SMALLINT NOT NULL CHECK (state BETWEEN 1 AND 4), reason TEXT NOT NULL,"
                                     " started_by TEXT NOT NULL, started_at BIGINT NOT NULL,"
                                     " changed_at BIGINT NOT NULL);"
                                     "CREATE INDEX rollout_by_project ON rollout (project, started_at);"
                                     "CREATE TABLE rollout_wave ("
                                     " rollout TEXT NOT NULL, number BIGINT NOT NULL, name TEXT NOT NULL,"
                                     " proven_percent BIGINT NOT NULL, most_failures BIGINT NOT NULL,"
                                     " soak BIGINT NOT NULL, forgiven BIGINT NOT NULL, begins BIGINT,"
                                     " PRIMARY KEY (rollout, number));"
                                     "CREATE TABLE rollout_action ("
                                     " action BIGINT PRIMARY KEY, rollout TEXT NOT NULL, wave BIGINT NOT NULL,"
                                     " device TEXT NOT NULL, state SMALLINT NOT NULL CHECK (state BETWEEN 1 AND 6),"
                                     " detail TEXT NOT NULL, changed_at BIGINT NOT NULL);"
                                     "CREATE INDEX rollout_action_by_wave ON rollout_action (rollout, wave, state);"
                                     "CREATE TABLE rollout_open (device TEXT PRIMARY KEY, action BIGINT NOT NULL)"}};
  return schema;
}

std::optional<Head> find_head(store::Transaction& t, std::string_view id) {
  const auto row = t.query_one("SELECT id, model, version, state FROM rollout WHERE id = ?", {std::string{id}});
  if (!row) return std::nullopt;
  return Head{row->text(0), row->text(1), row->text(2), static_cast<State>(row->integer(3))};
}

void set_state(store::Transaction& t, const std::string& id, State state, const std::string& reason, Instant now) {
  t.execute("UPDATE rollout SET state = ?, reason = ?, changed_at = ? WHERE id = ?",
            {static_cast<std::int64_t>(state), reason, unix_seconds(now), id});
}

std::vector<WaveStatus> waves_of(store::Transaction& t, const std::string& id) {
  std::vector<WaveStatus> waves;
  for (const auto& row : t.query("SELECT name, proven_percent, most_failures, soak, forgiven, begins FROM rollout_wave "
                                 "WHERE rollout = ? ORDER BY number",
                                 {id})) {
    WaveStatus wave{row.text(0),
                    {static_cast<std::uint64_t>(row.integer(1)), static_cast<std::uint64_t>(row.integer(2)),
                     std::chrono::seconds{row.integer(3)}},
                    {},
                    std::nullopt};
    wave.counts.forgiven = static_cast<std::uint64_t>(row.integer(4));
    if (!row.is_null(5)) wave.begins = from_unix_seconds(row.integer(5));
    waves.push_back(std::move(wave));
  }
  for (const auto& row :
       t.query("SELECT wave, state, count(*) FROM rollout_action WHERE rollout = ? GROUP BY wave, state", {id}))
    add_count(waves.at(static_cast<std::size_t>(row.integer(0))).counts, static_cast<ActionState>(row.integer(1)),
              static_cast<std::uint64_t>(row.integer(2)));
  return waves;
}

void evaluate(store::Transaction& t, const Head& rollout, Instant now, Botan::RandomNumberGenerator& rng) {
  if (rollout.state != State::running) return;
  const auto waves = waves_of(t, rollout.id);
  bool all_closed = true;
  for (std::size_t number = 0; number < waves.size(); ++number) {
    const auto& wave = waves[number];
    const auto judgement = judge(wave.gate, wave.counts);
    if (judgement.answer == GateAnswer::fail)
      return pause_for(t, rollout, "wave " + wave.name + ": " + judgement.why, now, rng);
    all_closed = all_closed && wave.counts.open() == 0;
    if (judgement.answer == GateAnswer::wait) return;
    if (number + 1 < waves.size() && !waves[number + 1].begins) {
      // The next wave's devices have not been asked yet: nothing after it can be decided.
      return open_wave(t, rollout, number + 1, waves[number + 1].name, now + wave.gate.soak, now, rng);
    }
  }
  if (all_closed) finish(t, rollout, now, rng);
}

}  // namespace lamp::rollout
