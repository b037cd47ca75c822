#include "lib/pki/records.hpp"

#include <algorithm>
#include <utility>

#include "lib/base/error.hpp"
#include "lib/pki/authority.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/key_index.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/revocation.hpp"
#include "lib/pki/revocation_tables.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

constexpr std::string_view kSummary =
    "serial, authority, state, profile, identity, subject_values, key_fingerprint, order_id, replaces, reserved_at, "
    "not_after, issued_at, revoked_at, reason";

// Made for tens of millions of rows. Serial numbers begin with the time (random_serial), so that rows and primary key
// grow at their end; who holds which key is filed apart (key_index.hpp). The certificate is not stored beside the bytes
// that were signed: it is these and the signature. `identity_turn` is 0 for the one certificate that holds the identity
// now, and counts up for those that held it before: one unique index is reservation and search.
constexpr std::string_view kCertificateTable =
    "CREATE TABLE certificate ("
    " serial TEXT NOT NULL, authority TEXT NOT NULL, state TEXT NOT NULL, profile TEXT NOT NULL,"
    " identity TEXT NOT NULL, identity_turn BIGINT NOT NULL,"
    " key_fingerprint BYTEA NOT NULL,"
    " subject_values TEXT NOT NULL, order_id TEXT NOT NULL, replaces TEXT NOT NULL,"
    " reserved_at BIGINT NOT NULL, not_after BIGINT NOT NULL, issued_at BIGINT, revoked_at BIGINT, reason TEXT NOT "
    "NULL,"
    " tbs BYTEA NOT NULL, signature BYTEA NOT NULL,"
    " PRIMARY KEY (serial, authority))";
constexpr std::string_view kIdentityIndex =
    "CREATE UNIQUE INDEX certificate_identity ON certificate (identity, profile, authority, identity_turn)";
// Most certificates are in none of these.
constexpr std::string_view kOrderIndex =
    "CREATE INDEX certificate_order ON certificate (order_id) WHERE order_id <> ''";
constexpr std::string_view kReplacesIndex =
    "CREATE INDEX certificate_replaces ON certificate (replaces) WHERE replaces <> ''";
constexpr std::string_view kRevokedIndex =
    "CREATE INDEX certificate_revoked ON certificate (authority, revoked_at) WHERE revoked_at IS NOT NULL";
constexpr std::string_view kExpiryIndex =
    "CREATE INDEX certificate_expiry ON certificate (not_after) WHERE not_after < 253402300799";

std::optional<Instant> optional_instant(const store::Row& row, std::size_t column) {
  if (row.is_null(column)) return std::nullopt;
  return from_unix_seconds(row.integer(column));
}

Record record_of(const store::Row& row) {
  Record r;
  r.serial = row.text(0);
  r.authority = row.text(1);
  r.state = parse_state(row.text(2));
  r.profile = row.text(3);
  r.identity = row.text(4);
  r.values = row.text(5);
  r.key = hex(row.blob(6));
  r.order = row.text(7);
  r.replaces = row.text(8);
  r.reserved_at = from_unix_seconds(row.integer(9));
  r.not_after = from_unix_seconds(row.integer(10));
  r.issued_at = optional_instant(row, 11);
  r.revoked_at = optional_instant(row, 12);
  r.reason = row.text(13);
  if (row.size() == 14) return r;
  r.tbs = row.blob(14);
  if (r.issued_at) r.certificate = encode_signed(r.tbs, algorithm_of(r.tbs), row.blob(15));
  return r;
}

std::string select(Detail detail) {
  return "SELECT " + std::string{kSummary} + (detail == Detail::whole ? ", tbs, signature" : "") + " FROM certificate";
}

/// Longer than a signature and the other changes to come, so that a row is not moved when it is issued.
Bytes room_for_signature(ByteView tbs) {
  static const Bytes p384 = encode_algorithm(oid::kEcdsaSha384);
  return Bytes(std::ranges::equal(algorithm_of(tbs), p384) ? 112 : 80);
}

std::int64_t insert(store::Transaction& transaction, const Record& r) {
  static const std::string sql = "INSERT INTO certificate (" + std::string{kSummary} +
                                 ", tbs, signature, identity_turn)"
                                 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING";
  return transaction.execute(
      sql, {r.serial, r.authority, std::string{text(r.state)}, r.profile, r.identity, r.values, from_hex(r.key),
            r.order, r.replaces, unix_seconds(r.reserved_at), unix_seconds(r.not_after), std::monostate{},
            std::monostate{}, r.reason, r.tbs, room_for_signature(r.tbs)});
}

/// Narrows a query; the parts that say the obvious are there for the partial indexes.
struct Query {
  std::string sql;
  std::vector<store::Value> parameters{};
  void where(std::string_view condition, store::Value value) {
    sql += (parameters.empty() ? " WHERE " : " AND ") + std::string{condition};
    parameters.push_back(std::move(value));
  }
  void equal(std::string_view column, std::string_view value) {
    if (!value.empty()) where(std::string{column} + " = ?", std::string{value});
  }
};

std::string anywhere(std::string_view part) {
  std::string pattern = "%";
  for (const char c : part) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + "%";
}

Query query_of(const Filter& filter, Detail detail) {
  Query query{select(detail)};
  query.equal("serial", filter.serial);
  query.equal("authority", filter.authority);
  query.equal("profile", filter.profile);
  query.equal("identity", filter.identity);
  if (!filter.order.empty()) query.where("order_id <> '' AND order_id = ?", filter.order);
  if (!filter.replaces.empty()) query.where("replaces <> '' AND replaces = ?", filter.replaces);
  if (filter.state == State::revoked)
    query.where("revoked_at IS NOT NULL AND state = ?", std::string{text(State::revoked)});
  else if (filter.state)
    query.where("state = ?", std::string{text(*filter.state)});
  if (filter.expires_before)
    query.where("not_after < 253402300799 AND not_after < ?", unix_seconds(*filter.expires_before));
  if (!filter.subject.empty()) query.where("subject_values LIKE ? ESCAPE '!'", anywhere(filter.subject));
  query.sql += " ORDER BY serial, authority";
  return query;
}

}  // namespace

const store::Schema& schema() {
  static const store::Schema pki{"pki",
                                 {
                                     kCertificateTable,
                                     kIdentityIndex,
                                     kOrderIndex,
                                     kReplacesIndex,
                                     kRevokedIndex,
                                     kExpiryIndex,
                                     tables::kKey,
                                     tables::kFreshKey,
                                     tables::kKeyFiling,
                                     tables::kList,
                                     tables::kListAddress,
                                     tables::kAddress,
                                     tables::kRevocation,
                                     tables::kRevocationByShard,
                                     tables::kRevocationByTime,
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
  std::vector<Record> records;
  for_each(transaction, filter, Detail::whole, [&](const Record& record) {
    records.push_back(record);
    return true;
  });
  return records;
}

void for_each(store::Transaction& transaction, const Filter& filter, Detail detail,
              const std::function<bool(const Record&)>& act) {
  auto query = query_of(filter, detail);
  transaction.query_each(query.sql, std::move(query.parameters),
                         [&](const store::Row& row) { return act(record_of(row)); });
}

std::optional<Record> find(store::Transaction& transaction, const std::string& authority, const std::string& serial) {
  static const std::string sql = select(Detail::whole) + " WHERE serial = ? AND authority = ?";
  const auto row = transaction.query_one(sql, {serial, authority});
  if (!row) return std::nullopt;
  return record_of(*row);
}

std::optional<Record> holder_of_key(store::Transaction& transaction, const std::string& authority,
                                    const std::string& key) {
  const auto serial = serial_of_key(transaction, authority, key);
  if (!serial) return std::nullopt;
  auto record = find(transaction, authority, *serial);
  if (!record)
    throw Error{Errc::internal, "a key is held by certificate " + *serial + ", which is not in the register"};
  return record;
}

std::optional<Record> holder_of_identity(store::Transaction& transaction, const std::string& authority,
                                         const std::string& profile, const std::string& identity) {
  static const std::string sql =
      select(Detail::whole) + " WHERE identity = ? AND profile = ? AND authority = ? AND identity_turn = 0";
  const auto row = transaction.query_one(sql, {identity, profile, authority});
  if (!row) return std::nullopt;
  return record_of(*row);
}

bool try_add(store::Transaction& transaction, const Record& record) {
  if (serial_of_key(transaction, record.authority, record.key) || insert(transaction, record) == 0) return false;
  hold_key(transaction, record);
  remember_address(transaction, record);
  return true;
}

bool try_add(store::Transaction& transaction, const Record& record, FreshKeys& keys) {
  if (keys.is_held(transaction, record) || insert(transaction, record) == 0) return false;
  keys.hold(transaction, record);
  remember_address(transaction, record);
  return true;
}

void add(store::Transaction& transaction, const Record& record) {
  if (try_add(transaction, record)) return;
  if (const auto held = holder_of_key(transaction, record.authority, record.key)) let_go_of_key(transaction, *held);
  if (const auto held = holder_of_identity(transaction, record.authority, record.profile, record.identity))
    let_go_of_identity(transaction, held->authority, held->serial);
  if (!try_add(transaction, record))
    throw Error{Errc::internal, "serial number " + record.serial + " was drawn twice; run the command again"};
}

void let_go_of_identity(store::Transaction& transaction, const std::string& authority, const std::string& serial) {
  transaction.execute(
      "UPDATE certificate SET identity_turn = (SELECT MAX(identity_turn) + 1 FROM certificate AS same"
      " WHERE same.identity = certificate.identity AND same.profile = certificate.profile"
      " AND same.authority = certificate.authority) WHERE serial = ? AND authority = ? AND identity_turn = 0",
      {serial, authority});
}

void make_way(store::Transaction& transaction, const Record& old, const std::string& key) {
  let_go_of_identity(transaction, old.authority, old.serial);
  if (old.key == key) let_go_of_key(transaction, old);
}

void set_replaces(store::Transaction& transaction, const std::string& authority, const std::string& successor,
                  const std::string& old) {
  transaction.execute("UPDATE certificate SET replaces = ? WHERE serial = ? AND authority = ?",
                      {old, successor, authority});
}

void mark_signed(store::Transaction& transaction, const std::string& authority, const std::string& serial,
                 const Bytes& signature, Instant now) {
  const auto changed = transaction.execute(
      "UPDATE certificate SET state = 'issued', signature = ?, issued_at = ?"
      " WHERE serial = ? AND authority = ? AND state = 'reserved'",
      {signature, unix_seconds(now), serial, authority});
  if (changed == 1) return;
  const auto held = transaction.query_one("SELECT state, signature FROM certificate WHERE serial = ? AND authority = ?",
                                          {serial, authority});
  const std::string which = "certificate " + serial + " of authority " + authority;
  if (!held) throw Error{Errc::not_found, which + " was never reserved"};
  if (held->text(0) == text(State::revoked)) throw Error{Errc::denied, which + " was revoked before it was issued"};
  if (held->blob(1) != signature) throw Error{Errc::denied, which + " was issued already with another signature"};
}

void mark_issued(store::Transaction& transaction, const Record& record, ByteView certificate, Instant now) {
  const auto signature = Certificate::parse(certificate).signature;
  // What the register gives out later is put together again from its parts.
  if (!std::ranges::equal(encode_signed(record.tbs, algorithm_of(record.tbs), signature), certificate))
    throw Error{Errc::denied, "certificate " + record.serial + " is not what was reserved"};
  mark_signed(transaction, record.authority, record.serial, {signature.begin(), signature.end()}, now);
}

std::string values_text(const Subject& subject) {
  std::string lines;
  for (const auto& [name, value] : subject) {
    const bool plain = std::none_of(value.begin(), value.end(),
                                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (!plain) throw Error{Errc::bad_input, "the value for {" + name + "} holds control characters"};
    // What remember_address() will file it under.
    if (name == kAddressValue) in_context("the value for {mac}", [&] { (void)MacAddress::parse(value); });
    lines.append(name).append("=").append(value).append("\n");
  }
  return lines;
}

}  // namespace lamp::pki
