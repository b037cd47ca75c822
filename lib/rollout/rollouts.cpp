#include "lib/rollout/rollouts.hpp"

#include <botan/rng.h>

#include "lib/audit/record.hpp"
#include "lib/rollout/tables.hpp"

namespace lamp::rollout {
namespace {

constexpr std::int64_t kMostFailuresTold = 100;

/// hawkBit's clients read an action id as a positive 31-bit number.
std::int64_t random_action(Botan::RandomNumberGenerator& rng) {
  for (;;) {
    const auto bytes = rng.random_array<4>();
    const auto action = (std::int64_t{bytes[0] & 0x7f} << 24) | (std::int64_t{bytes[1]} << 16) |
                        (std::int64_t{bytes[2]} << 8) | std::int64_t{bytes[3]};
    if (action != 0) return action;
  }
}

std::int64_t add_action(store::Transaction& t, const std::string& id, std::size_t wave, const std::string& device,
                        Instant now, Botan::RandomNumberGenerator& rng) {
  for (;;) {
    const auto action = random_action(rng);
    if (t.execute("INSERT INTO rollout_action (action, rollout, wave, device, state, detail, changed_at) "
                  "VALUES (?, ?, ?, ?, ?, '', ?) ON CONFLICT (action) DO NOTHING",
                  {action, id, static_cast<std::int64_t>(wave), device, static_cast<std::int64_t>(ActionState::waiting),
                   unix_seconds(now)}) == 1)
      return action;
  }
}

void add_wave(store::Transaction& t, const std::string& id, std::size_t number, const Wave& wave, Instant now,
              Botan::RandomNumberGenerator& rng) {
  t.execute(
      "INSERT INTO rollout_wave (rollout, number, name, proven_percent, most_failures, soak, forgiven, begins) "
      "VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
      {id, static_cast<std::int64_t>(number), wave.name, static_cast<std::int64_t>(wave.gate.proven_percent),
       static_cast<std::int64_t>(wave.gate.most_failures), static_cast<std::int64_t>(wave.gate.soak.count()),
       number == 0 ? store::Value{unix_seconds(now)} : store::Value{}});
  for (const auto& device : wave.devices) {
    const auto action = add_action(t, id, number, device, now, rng);
    if (t.execute("INSERT INTO rollout_open (device, action) VALUES (?, ?) ON CONFLICT (device) DO NOTHING",
                  {device, action}) != 1)
      throw Error{Errc::exists, device + " has an update that is not finished; finish or abort that rollout first"};
  }
}

Head head_of(store::Transaction& t, std::string_view id) {
  auto head = find_head(t, id);
  if (!head) throw Error{Errc::not_found, "no rollout " + std::string{id}};
  return std::move(*head);
}

/// True when there is something to do.
bool may_change(const Head& head, State to, std::initializer_list<State> from) {
  if (head.state == to) return false;
  for (const auto state : from)
    if (head.state == state) return true;
  throw Error{Errc::denied, "rollout " + head.id + " is " + std::string{text_of(head.state)}};
}

}  // namespace

std::string_view text_of(State state) noexcept {
  switch (state) {
    case State::running: return "running";
    case State::paused: return "paused";
    case State::finished: return "finished";
    case State::aborted: return "aborted";
  }
  return "unknown";
}

void start(store::Transaction& transaction, const Plan& plan, const std::string& starter,
           const std::vector<std::string>& approvers, Instant now, Botan::RandomNumberGenerator& rng) {
  const auto id = plan.id();
  if (find_head(transaction, id)) return;
  const auto& release = plan.release;
  transaction.execute(
      "INSERT INTO rollout (id, project, model, version, artifact, plan, state, reason, started_by, started_at, "
      "changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?)",
      {id, plan.project, release.model, release.version, hex(release.artifact), plan.canonical(),
       static_cast<std::int64_t>(State::running), starter, unix_seconds(now), unix_seconds(now)});
  for (std::size_t number = 0; number < plan.waves.size(); ++number)
    add_wave(transaction, id, number, plan.waves[number], now, rng);
  audit::Event event{starter,
                     "ota.start",
                     id,
                     {{"release", release.model + "/" + release.version},
                      {"sha256", hex(release.artifact)},
                      {"project", plan.project},
                      {"devices", std::to_string(plan.device_count())}}};
  for (const auto& approver : approvers) event.details.emplace_back("approved-by", approver);
  audit::record(transaction, event, now, rng);
}

std::optional<Status> status(store::Transaction& transaction, std::string_view id) {
  const auto row = transaction.query_one(
      "SELECT id, project, model, version, state, reason, started_by, started_at, changed_at FROM rollout WHERE id = ?",
      {std::string{id}});
  if (!row) return std::nullopt;
  Status status{row->text(0),
                row->text(1),
                row->text(2),
                row->text(3),
                static_cast<State>(row->integer(4)),
                row->text(5),
                row->text(6),
                from_unix_seconds(row->integer(7)),
                from_unix_seconds(row->integer(8)),
                waves_of(transaction, row->text(0)),
                {}};
  for (const auto& failed :
       transaction.query("SELECT device, detail FROM rollout_action WHERE rollout = ? AND state = ? ORDER BY "
                         "changed_at, device LIMIT ?",
                         {status.id, static_cast<std::int64_t>(ActionState::failed), kMostFailuresTold}))
    status.failures.push_back({failed.text(0), failed.text(1)});
  return status;
}

void pause(store::Transaction& transaction, std::string_view id, const std::string& actor, Instant now,
           Botan::RandomNumberGenerator& rng) {
  const auto head = head_of(transaction, id);
  if (!may_change(head, State::paused, {State::running})) return;
  set_state(transaction, head.id, State::paused, "by " + actor, now);
  audit::record(transaction, {actor, "ota.pause", head.id, {}}, now, rng);
}

void resume(store::Transaction& transaction, std::string_view id, const std::string& actor, Instant now,
            Botan::RandomNumberGenerator& rng) {
  auto head = head_of(transaction, id);
  if (!may_change(head, State::running, {State::paused})) return;
  set_state(transaction, head.id, State::running, {}, now);
  transaction.execute(
      "UPDATE rollout_wave SET forgiven = (SELECT count(*) FROM rollout_action a WHERE a.rollout = "
      "rollout_wave.rollout "
      "AND a.wave = rollout_wave.number AND a.state = ?) WHERE rollout = ?",
      {static_cast<std::int64_t>(ActionState::failed), head.id});
  audit::record(transaction, {actor, "ota.resume", head.id, {}}, now, rng);
  head.state = State::running;
  evaluate(transaction, head, now, rng);
}

void abort(store::Transaction& transaction, std::string_view id, const std::string& actor, Instant now,
           Botan::RandomNumberGenerator& rng) {
  const auto head = head_of(transaction, id);
  if (!may_change(head, State::aborted, {State::running, State::paused})) return;
  set_state(transaction, head.id, State::aborted, {}, now);
  transaction.execute("DELETE FROM rollout_open WHERE action IN (SELECT action FROM rollout_action WHERE rollout = ?)",
                      {head.id});
  transaction.execute("UPDATE rollout_action SET state = ?, changed_at = ? WHERE rollout = ? AND state IN (1, 2, 3)",
                      {static_cast<std::int64_t>(ActionState::dropped), unix_seconds(now), head.id});
  audit::record(transaction, {actor, "ota.abort", head.id, {}}, now, rng);
}

}  // namespace lamp::rollout
