#include "lib/pki/revocation.hpp"

#include <array>
#include <utility>

#include "lib/base/error.hpp"

namespace lamp::pki {
namespace {

constexpr std::array<std::pair<std::string_view, std::uint8_t>, 9> kReasons{{{"unspecified", 0},
                                                                             {"keyCompromise", 1},
                                                                             {"cACompromise", 2},
                                                                             {"affiliationChanged", 3},
                                                                             {"superseded", 4},
                                                                             {"cessationOfOperation", 5},
                                                                             {"certificateHold", 6},
                                                                             {"privilegeWithdrawn", 9},
                                                                             {"aACompromise", 10}}};

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
  const auto code = reason_code(reason);
  const auto changed = transaction.execute(
      "UPDATE certificate SET state = 'revoked', revoked_at = ?, reason = ?"
      " WHERE authority = ? AND serial = ? AND state <> 'revoked'",
      {unix_seconds(now), reason, record.authority, record.serial});
  if (changed != 1) return false;
  transaction.execute(
      "INSERT INTO revocation (authority, serial, revoked_at, reason, not_after) VALUES (?, ?, ?, ?, ?)",
      {record.authority, record.serial, unix_seconds(now), std::int64_t{code}, unix_seconds(record.not_after)});
  transaction.execute("DELETE FROM ocsp_response WHERE authority = ? AND serial = ?",
                      {record.authority, record.serial});
  if (record.state == State::reserved) let_go_of_key(transaction, record.authority, record.serial);
  let_go_of_identity(transaction, record.authority, record.serial);
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
