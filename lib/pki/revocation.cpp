#include "lib/pki/revocation.hpp"

#include <array>

#include "lib/base/error.hpp"
#include "lib/pki/shards.hpp"

namespace lamp::pki {
namespace {

constexpr std::array<std::pair<std::string_view, std::uint8_t>, 9> kReasons{{{"unspecified", 0},
                                                                             {"keyCompromise", 1},
                                                                             {"cACompromise", 2},
                                                                             {"affiliationChanged", 3},
                                                                             {"superseded", 4},
                                                                             {"cessationOfOperation", 5},
                                                                             {kHold, 6},
                                                                             {"privilegeWithdrawn", 9},
                                                                             {"aACompromise", 10}}};
constexpr std::uint8_t kHoldCode = 6;

std::optional<std::uint8_t> revoked_for(store::Transaction& t, const Record& record) {
  const auto row = t.query_one("SELECT reason FROM revocation WHERE authority = ? AND serial = ?",
                               {record.authority, record.serial});
  if (!row) return std::nullopt;
  return static_cast<std::uint8_t>(row->integer(0));
}

void forget_response(store::Transaction& t, const Record& record) {
  t.execute("DELETE FROM ocsp_response WHERE authority = ? AND serial = ?", {record.authority, record.serial});
}

void make_final(store::Transaction& t, const Record& record, const std::string& reason) {
  t.execute("UPDATE revocation SET reason = ? WHERE authority = ? AND serial = ?",
            {std::int64_t{reason_code(reason)}, record.authority, record.serial});
  t.execute("UPDATE certificate SET reason = ? WHERE authority = ? AND serial = ?",
            {reason, record.authority, record.serial});
  let_go_of_identity(t, record.authority, record.serial);
  forget_response(t, record);
}

/// Times have whole seconds. A revocation in the second of a list that was begun before it counts as of the next one:
/// what is later than the newest list is what that list lacks (list_state()).
std::int64_t time_of_revocation(store::Transaction& t, const std::string& authority, std::int64_t shard, Instant now) {
  const auto second = unix_seconds(now);
  for (const auto list : {kWholeList, shard}) {
    const auto newest = t.query_one(
        "SELECT this_update FROM certificate_list WHERE authority = ? AND shard = ? ORDER BY number DESC LIMIT 1",
        {authority, list});
    if (newest && newest->integer(0) == second) return second + 1;
  }
  return second;
}

void add_revocation(store::Transaction& t, const Record& record, const std::string& reason, Instant now) {
  const auto shard = shard_in(t, record.authority, record.tbs);
  const auto revoked_at = time_of_revocation(t, record.authority, shard, now);
  t.execute(
      "INSERT INTO revocation (authority, serial, revoked_at, reason, not_after, shard) VALUES (?, ?, ?, ?, ?, ?)",
      {record.authority, record.serial, revoked_at, std::int64_t{reason_code(reason)}, unix_seconds(record.not_after),
       shard});
  t.execute("UPDATE certificate SET state = 'revoked', revoked_at = ?, reason = ? WHERE authority = ? AND serial = ?",
            {revoked_at, reason, record.authority, record.serial});
}

}  // namespace

std::uint8_t reason_code(std::string_view reason) {
  std::string names;
  for (const auto& [name, code] : kReasons) {
    if (name == reason) return code;
    names += (names.empty() ? "" : ", ") + std::string{name};
  }
  throw Error{Errc::bad_input, "reason '" + std::string{reason} + "' is none of " + names};
}

bool revoke(store::Transaction& transaction, const Record& record, const std::string& reason, Instant now) {
  const bool hold = reason_code(reason) == kHoldCode;
  if (const auto before = revoked_for(transaction, record)) {
    if (*before != kHoldCode || hold) return false;
    make_final(transaction, record, reason);
    return true;
  }
  if (hold && record.state == State::reserved)
    throw Error{Errc::denied,
                "certificate " + record.serial + " is only reserved: it can be withdrawn, not put on hold"};
  add_revocation(transaction, record, reason, now);
  forget_response(transaction, record);
  if (record.state == State::reserved) let_go_of_key(transaction, record);
  // What is on hold may come back, so its name stays taken.
  if (!hold) let_go_of_identity(transaction, record.authority, record.serial);
  return true;
}

bool release(store::Transaction& transaction, const Record& record) {
  const auto before = revoked_for(transaction, record);
  if (!before) return false;
  if (*before != kHoldCode)
    throw Error{Errc::denied, "certificate " + record.serial + " of " + record.identity + " is revoked for good (" +
                                  record.reason + "); only " + std::string{kHold} + " can be released"};
  transaction.execute("DELETE FROM revocation WHERE authority = ? AND serial = ?", {record.authority, record.serial});
  transaction.execute(
      "UPDATE certificate SET state = 'issued', revoked_at = ?, reason = '' WHERE authority = ? AND serial = ?",
      {std::monostate{}, record.authority, record.serial});
  forget_response(transaction, record);
  return true;
}

CertificateStatus status_of(store::Transaction& transaction, const std::string& authority, const std::string& serial) {
  const auto revoked = transaction.query_one(
      "SELECT revoked_at, reason FROM revocation WHERE authority = ? AND serial = ?", {authority, serial});
  if (revoked)
    return {CertificateStatus::Kind::revoked, from_unix_seconds(revoked->integer(0)),
            static_cast<std::uint8_t>(revoked->integer(1))};
  const auto issued =
      transaction.query_one("SELECT state FROM certificate WHERE authority = ? AND serial = ?", {authority, serial});
  const bool good = issued && issued->text(0) == text(State::issued);
  return {good ? CertificateStatus::Kind::good : CertificateStatus::Kind::unknown, {}, 0};
}

}  // namespace lamp::pki
