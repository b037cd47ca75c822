#include "lib/pki/records.hpp"

#include <algorithm>
#include <utility>

#include "lib/base/error.hpp"
#include "lib/pki/authority.hpp"
#include "lib/pki/revocation_tables.hpp"

namespace lamp::pki {
namespace {

constexpr std::string_view kColumns =
    "authority, serial, state, profile, identity, subject_values, key_fingerprint, order_id, tbs, certificate, "
    "reserved_at, not_after, issued_at, revoked_at, reason";

constexpr std::string_view kCertificateTable =
    "CREATE TABLE certificate ("
    " authority TEXT NOT NULL, serial TEXT NOT NULL, state TEXT NOT NULL, profile TEXT NOT NULL,"
    " identity TEXT NOT NULL, subject_values TEXT NOT NULL, key_fingerprint TEXT NOT NULL, order_id TEXT NOT NULL,"
    " tbs BYTEA NOT NULL, certificate BYTEA, reserved_at BIGINT NOT NULL, not_after BIGINT NOT NULL,"
    " issued_at BIGINT, revoked_at BIGINT, reason TEXT NOT NULL,"
    " PRIMARY KEY (authority, serial))";

// Reservations: at most one certificate at a time for a key, and for an identity of a profile.
constexpr std::string_view kKeyTable =
    "CREATE TABLE certificate_key ("
    " authority TEXT NOT NULL, key_fingerprint TEXT NOT NULL, serial TEXT NOT NULL,"
    " PRIMARY KEY (authority, key_fingerprint))";
constexpr std::string_view kIdentityTable =
    "CREATE TABLE certificate_identity ("
    " authority TEXT NOT NULL, profile TEXT NOT NULL, identity TEXT NOT NULL, serial TEXT NOT NULL,"
    " PRIMARY KEY (authority, profile, identity))";

constexpr std::string_view kListTable =
    "CREATE TABLE certificate_list ("
    " authority TEXT NOT NULL, number BIGINT NOT NULL, der BYTEA, this_update BIGINT NOT NULL,"
    " next_update BIGINT NOT NULL, PRIMARY KEY (authority, number))";

std::optional<Instant> optional_instant(const store::Row& row, std::size_t column) {
  if (row.is_null(column)) return std::nullopt;
  return from_unix_seconds(row.integer(column));
}

Record record_of(const store::Row& row) {
  Record r;
  r.authority = row.text(0);
  r.serial = row.text(1);
  r.state = parse_state(row.text(2));
  r.profile = row.text(3);
  r.identity = row.text(4);
  r.values = row.text(5);
  r.key = row.text(6);
  r.order = row.text(7);
  r.tbs = row.blob(8);
  if (!row.is_null(9)) r.certificate = row.blob(9);
  r.reserved_at = from_unix_seconds(row.integer(10));
  r.not_after = from_unix_seconds(row.integer(11));
  r.issued_at = optional_instant(row, 12);
  r.revoked_at = optional_instant(row, 13);
  r.reason = row.text(14);
  return r;
}

}  // namespace

const store::Schema& schema() {
  static const store::Schema pki{"pki",
                                 {
                                     kCertificateTable,
                                     kKeyTable,
                                     kIdentityTable,
                                     "CREATE INDEX certificate_by_identity ON certificate (identity)",
                                     "CREATE INDEX certificate_by_order ON certificate (order_id)",
                                     "CREATE INDEX certificate_by_serial ON certificate (serial)",
                                     "CREATE INDEX certificate_by_key ON certificate (key_fingerprint)",
                                     "CREATE INDEX certificate_revoked ON certificate (authority, revoked_at)",
                                     kListTable,
                                     tables::kRevocation,
                                     tables::kOcspResponse,
                                     tables::kOcspSigner,
                                 }};
  return pki;
}

std::string_view text(State state) noexcept {
  switch (state) {
    case State::reserved: return "reserved";
    case State::issued: return "issued";
    case State::revoked: return "revoked";
  }
  return "unknown";
}

State parse_state(std::string_view name) {
  for (const auto state : {State::reserved, State::issued, State::revoked})
    if (text(state) == name) return state;
  throw Error{Errc::bad_input, "'" + std::string{name} + "' is none of reserved, issued, revoked"};
}

std::vector<Record> list(store::Transaction& transaction, const Filter& filter) {
  std::string sql = "SELECT " + std::string{kColumns} + " FROM certificate WHERE 1 = 1";
  std::vector<store::Value> parameters;
  const auto narrow = [&](std::string_view column, std::string_view value) {
    if (value.empty()) return;
    sql += " AND " + std::string{column} + " = ?";
    parameters.emplace_back(std::string{value});
  };
  narrow("authority", filter.authority);
  narrow("serial", filter.serial);
  narrow("profile", filter.profile);
  narrow("identity", filter.identity);
  narrow("order_id", filter.order);
  narrow("key_fingerprint", filter.key);
  if (filter.state) narrow("state", text(*filter.state));
  sql += " ORDER BY reserved_at, authority, serial";
  std::vector<Record> records;
  for (const auto& row : transaction.query(sql, std::move(parameters))) records.push_back(record_of(row));
  return records;
}

std::optional<Record> find(store::Transaction& transaction, const std::string& authority, const std::string& serial) {
  const auto row = transaction.query_one(
      "SELECT " + std::string{kColumns} + " FROM certificate WHERE authority = ? AND serial = ?", {authority, serial});
  if (!row) return std::nullopt;
  return record_of(*row);
}

void add(store::Transaction& transaction, const Record& record) {
  transaction.execute(
      "INSERT INTO certificate (" + std::string{kColumns} + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {record.authority, record.serial, std::string{text(record.state)}, record.profile, record.identity, record.values,
       record.key, record.order, record.tbs, std::monostate{}, unix_seconds(record.reserved_at),
       unix_seconds(record.not_after), std::monostate{}, std::monostate{}, record.reason});
  // Whoever held key or identity before has expired or was withdrawn: reserve() saw to it in this transaction.
  transaction.execute("DELETE FROM certificate_key WHERE authority = ? AND key_fingerprint = ?",
                      {record.authority, record.key});
  transaction.execute("INSERT INTO certificate_key (authority, key_fingerprint, serial) VALUES (?, ?, ?)",
                      {record.authority, record.key, record.serial});
  transaction.execute("DELETE FROM certificate_identity WHERE authority = ? AND profile = ? AND identity = ?",
                      {record.authority, record.profile, record.identity});
  transaction.execute("INSERT INTO certificate_identity (authority, profile, identity, serial) VALUES (?, ?, ?, ?)",
                      {record.authority, record.profile, record.identity, record.serial});
}

void mark_issued(store::Transaction& transaction, const Record& record, ByteView certificate, Instant now) {
  const auto changed = transaction.execute(
      "UPDATE certificate SET state = 'issued', certificate = ?, issued_at = ?"
      " WHERE authority = ? AND serial = ? AND state = 'reserved'",
      {Bytes{certificate.begin(), certificate.end()}, unix_seconds(now), record.authority, record.serial});
  if (changed != 1) throw Error{Errc::internal, "a reservation vanished within its transaction"};
}

std::string values_text(const Subject& subject) {
  std::string lines;
  for (const auto& [name, value] : subject) {
    const bool plain = std::none_of(value.begin(), value.end(),
                                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (!plain) throw Error{Errc::bad_input, "the value for {" + name + "} holds control characters"};
    lines.append(name).append("=").append(value).append("\n");
  }
  return lines;
}

}  // namespace lamp::pki
