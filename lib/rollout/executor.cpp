#include "lib/rollout/executor.hpp"

#include "lib/audit/record.hpp"
#include "lib/rollout/tables.hpp"

namespace lamp::rollout {
namespace {

struct OpenAction {
  std::int64_t action;
  ActionState state;
  std::optional<Instant> begins;  ///< of its wave
  Head rollout;
  std::string artifact;
};

std::optional<OpenAction> open_action(store::Transaction& t, std::string_view device) {
  const auto row = t.query_one(
      "SELECT a.action, a.state, w.begins, r.id, r.model, r.version, r.state, r.artifact FROM rollout_open o "
      "JOIN rollout_action a ON a.action = o.action JOIN rollout r ON r.id = a.rollout "
      "JOIN rollout_wave w ON w.rollout = a.rollout AND w.number = a.wave WHERE o.device = ?",
      {std::string{device}});
  if (!row) return std::nullopt;
  OpenAction open{row->integer(0),
                  static_cast<ActionState>(row->integer(1)),
                  std::nullopt,
                  {row->text(3), row->text(4), row->text(5), static_cast<State>(row->integer(6))},
                  row->text(7)};
  if (!row->is_null(2)) open.begins = from_unix_seconds(row->integer(2));
  return open;
}

void move_to(store::Transaction& t, const OpenAction& open, ActionState state, std::string_view detail, Instant now) {
  t.execute("UPDATE rollout_action SET state = ?, detail = ?, changed_at = ? WHERE action = ?",
            {static_cast<std::int64_t>(state), std::string{detail}, unix_seconds(now), open.action});
}

/// The device's part is over: it is free for another rollout, and the counts have changed.
void close(store::Transaction& t, std::string_view device, const OpenAction& open, ActionState outcome,
           std::string_view detail, Instant now, Botan::RandomNumberGenerator& rng) {
  move_to(t, open, outcome, detail, now);
  t.execute("DELETE FROM rollout_open WHERE device = ?", {std::string{device}});
  const bool proven = outcome == ActionState::proven;
  audit::record(t,
                {std::string{device},
                 proven ? "ota.device.proven" : "ota.device.failed",
                 open.rollout.id,
                 {{proven ? "version" : "detail", std::string{detail}}}},
                now, rng);
  evaluate(t, open.rollout, now, rng);
}

}  // namespace

std::optional<Deployment> deployment_for(store::Transaction& transaction, std::string_view device, Instant now) {
  const auto open = open_action(transaction, device);
  if (!open) return std::nullopt;
  const bool begun = open->rollout.state == State::running && open->begins && *open->begins <= now;
  const bool offered = open->state == ActionState::proceeding || (open->state == ActionState::waiting && begun);
  if (!offered) return std::nullopt;
  return Deployment{open->action, open->artifact, open->rollout.model, open->rollout.version};
}

void report_feedback(store::Transaction& transaction, std::string_view device, std::int64_t action, Feedback feedback,
                     std::string_view detail, Instant now, Botan::RandomNumberGenerator& rng) {
  const auto open = open_action(transaction, device);
  if (!open || open->action != action || !open->begins || *open->begins > now) return;
  switch (feedback) {
    case Feedback::proceeding:
      // Not after "installed": a late message must not offer the release again.
      if (open->state != ActionState::installed) move_to(transaction, *open, ActionState::proceeding, detail, now);
      return;
    case Feedback::installed: move_to(transaction, *open, ActionState::installed, detail, now); return;
    case Feedback::failed: close(transaction, device, *open, ActionState::failed, detail, now, rng); return;
  }
}

void report_version(store::Transaction& transaction, std::string_view device, std::string_view version, Instant now,
                    Botan::RandomNumberGenerator& rng) {
  const auto open = open_action(transaction, device);
  if (!open) return;
  if (version == open->rollout.version)
    return close(transaction, device, *open, ActionState::proven, version, now, rng);
  // It said that it installed the release, and came back with another one: its new image did not stay.
  if (open->state == ActionState::installed)
    close(transaction, device, *open, ActionState::failed, "came back with " + std::string{version}, now, rng);
}

}  // namespace lamp::rollout
