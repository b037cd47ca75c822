#include "lib/registry/claim.hpp"

#include "lib/registry/project.hpp"

namespace lamp::registry {
namespace {

constexpr std::int64_t kSlotSeconds = 10, kSlotsPerMinute = 6;

/// What a device that does not exist is checked against, so that a refusal takes the same steps for everybody.
binding::ClaimVerifier nobody() { return {Bytes(16), Bytes(32)}; }

std::int64_t recent_refusals(store::Transaction& transaction, const std::string& user, std::int64_t slot) {
  return transaction
      .query_one("SELECT COALESCE(SUM(refusals), 0) FROM claim_refusal WHERE user_name = ? AND slot > ?",
                 {user, slot - kSlotsPerMinute})
      .value()
      .integer(0);
}

void count_refusal(store::Transaction& transaction, const std::string& user, std::int64_t slot) {
  transaction.execute("DELETE FROM claim_refusal WHERE user_name = ? AND slot <= ?", {user, slot - kSlotsPerMinute});
  transaction.execute(
      "INSERT INTO claim_refusal (user_name, slot, refusals) VALUES (?, ?, 1) "
      "ON CONFLICT (user_name, slot) DO UPDATE SET refusals = claim_refusal.refusals + 1",
      {user, slot});
}

struct Candidate {
  std::string serial, model, project;
  binding::ClaimVerifier verifier = nobody();
  bool claimable = false;
};

Candidate candidate(store::Transaction& transaction, MacAddress mac) {
  Candidate found;
  const auto row = transaction.query_one(
      "SELECT device.serial, device.model, device.project, device.claim_salt, device.claim_verifier, device.state "
      "FROM device JOIN mac_claim ON mac_claim.serial = device.serial WHERE mac_claim.mac = ?",
      {static_cast<std::int64_t>(mac.number())});
  if (!row) return found;
  found.serial = row->text(0);
  found.model = row->text(1);
  if (!row->is_null(2)) found.project = row->text(2);
  found.claimable = row->integer(5) == static_cast<std::int64_t>(DeviceState::registered);
  // A device whose label carries no claim code has an empty verifier: nothing is right for it.
  if (!row->blob(4).empty()) found.verifier = {row->blob(3), row->blob(4)};
  return found;
}

}  // namespace

ClaimResult claim(store::Transaction& transaction, MacAddress mac, const binding::ClaimCode& code,
                  std::string_view project, std::string_view user, Instant now) {
  const std::string who{user}, where{project};
  const auto slot = unix_seconds(now) / kSlotSeconds;
  if (recent_refusals(transaction, who, slot) >= kRefusedClaimsPerMinute)
    return {ClaimAnswer::slow_down, {}, {}, false};
  if (!find_project(transaction, project, user)) return {ClaimAnswer::no_project, {}, {}, false};

  const auto found = candidate(transaction, mac);
  const bool right = binding::check(code, found.verifier) == binding::ClaimCheck::right;
  const bool ours = found.project == where;
  if (!right || !found.claimable || (!found.project.empty() && !ours)) {
    count_refusal(transaction, who, slot);
    return {ClaimAnswer::refused, {}, {}, false};
  }
  if (ours) return {ClaimAnswer::claimed, found.serial, found.model, false};

  transaction.execute("INSERT INTO claim (serial, project, claimed_by, claimed_at) VALUES (?, ?, ?, ?)",
                      {found.serial, where, who, unix_seconds(now)});
  transaction.execute("UPDATE device SET project = ? WHERE serial = ? AND project IS NULL", {where, found.serial});
  return {ClaimAnswer::claimed, found.serial, found.model, true};
}

}  // namespace lamp::registry
