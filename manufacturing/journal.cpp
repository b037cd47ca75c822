#include "manufacturing/journal.hpp"

#include <botan/hash.h>

#include <array>

#include "lib/base/error.hpp"

namespace lamp::manufacturing {
namespace {

constexpr std::string_view kColumns =
    "chip_id, order_id, model, serial, mac, state, port, spki, certificate_serial, tbs, certificate, block_digest, "
    "escrow, claim_salt, claim_verifier, lock_answer, updated";
/// Read beside them: a row for each device that proved its lock, and one for each that has keys beside its identity.
constexpr std::string_view kJoinedColumns = ", nonce, lifecycle, debug_port, signature, public_keys";
constexpr std::string_view kJoined =
    " FROM unit LEFT JOIN unit_lock USING (chip_id) LEFT JOIN unit_keys USING (chip_id) ";
constexpr std::size_t kProofAt = 17, kKeysAt = 21;

std::optional<LockProof> proof_of(const store::Row& row) {
  if (row.is_null(kProofAt)) return std::nullopt;
  return LockProof{row.blob(kProofAt), static_cast<Lifecycle>(row.integer(kProofAt + 1)),
                   static_cast<DebugPort>(row.integer(kProofAt + 2)), row.blob(kProofAt + 3)};
}

Unit unit_of(const store::Row& row) {
  Unit unit;
  unit.chip_id = row.text(0);
  unit.order = row.text(1);
  unit.model = row.text(2);
  unit.serial = row.text(3);
  unit.mac = MacAddress::from_number(static_cast<std::uint64_t>(row.integer(4)));
  unit.state = static_cast<UnitState>(row.integer(5));
  unit.port = row.text(6);
  unit.spki = row.blob(7);
  unit.certificate_serial = row.text(8);
  unit.tbs = row.blob(9);
  unit.certificate = row.blob(10);
  unit.block_digest = row.blob(11);
  unit.escrow = row.blob(12);
  unit.claim_salt = row.blob(13);
  unit.claim_verifier = row.blob(14);
  unit.lock = row.text(15);
  unit.updated = from_unix_seconds(row.integer(16));
  unit.proof = proof_of(row);
  if (!row.is_null(kKeysAt)) unit.public_keys = row.blob(kKeysAt);
  return unit;
}

std::vector<store::Value> values_of(const Unit& u) {
  return {u.chip_id,
          u.order,
          u.model,
          u.serial,
          static_cast<std::int64_t>(u.mac.number()),
          static_cast<std::int64_t>(u.state),
          u.port,
          u.spki,
          u.certificate_serial,
          u.tbs,
          u.certificate,
          u.block_digest,
          u.escrow,
          u.claim_salt,
          u.claim_verifier,
          u.lock,
          unix_seconds(u.updated)};
}

std::string select(std::string_view where) {
  return "SELECT " + std::string{kColumns} + std::string{kJoinedColumns} + std::string{kJoined} + std::string{where};
}

std::string digest_of(const Order& order) {
  return guarded(Errc::internal, [&] {
    const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
    hash->update(order.canonical());
    return hex(hash->final_stdvec());
  });
}

std::int64_t count_where(store::Transaction& transaction, const std::string& where, std::vector<store::Value> values) {
  return transaction.query_one("SELECT COUNT(*) FROM unit WHERE " + where, std::move(values))->integer(0);
}

void insert(store::Transaction& transaction, const Unit& unit) {
  transaction.execute(
      "INSERT INTO unit (" + std::string{kColumns} + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      values_of(unit));
}

/// The first one stays: it is the one that was reported.
void keep_proof(store::Transaction& transaction, const std::string& chip_id, const LockProof& proof) {
  transaction.execute(
      "INSERT INTO unit_lock (chip_id, nonce, lifecycle, debug_port, signature) VALUES (?, ?, ?, ?, ?) "
      "ON CONFLICT DO NOTHING",
      {chip_id, proof.nonce, static_cast<std::int64_t>(proof.state), static_cast<std::int64_t>(proof.debug_port),
       proof.signature});
}

/// A block that is made anew has others.
void keep_public_keys(store::Transaction& transaction, const Unit& unit) {
  transaction.execute(
      "INSERT INTO unit_keys (chip_id, public_keys) VALUES (?, ?) "
      "ON CONFLICT (chip_id) DO UPDATE SET public_keys = excluded.public_keys",
      {unit.chip_id, unit.public_keys});
}

/// The next unit of the order's line: counts are never given back, so the count is the next index.
Reservation take_next(store::Transaction& transaction, const Order& order, const Part& part, const std::string& port,
                      Instant now) {
  const auto* line = order.find(part.model);
  if (line == nullptr) return {std::nullopt, "order " + order.id + " has no " + part.model, false};
  const auto index =
      static_cast<std::uint64_t>(count_where(transaction, "order_id = ? AND model = ?", {order.id, line->model}));
  if (index >= line->quantity)
    return {std::nullopt,
            "order " + order.id + " is exhausted: all " + std::to_string(line->quantity) + " of model " + line->model +
                " were begun",
            false};
  Unit unit;
  unit.chip_id = hex(part.chip_id);
  unit.order = order.id;
  unit.model = line->model;
  unit.serial = line->serial(index);
  unit.mac = line->mac(index);
  unit.port = port;
  unit.lock = "unproven";
  unit.updated = now;
  insert(transaction, unit);
  return {std::move(unit), {}, true};
}

}  // namespace

std::string_view name_of(UnitState state) noexcept {
  constexpr std::array<std::string_view, 7> names{"reserved", "keyed", "certified", "prepared",
                                                  "proven",   "done",  "scrapped"};
  return names.at(static_cast<std::size_t>(state) - 1);
}

const store::Schema& journal_schema() {
  static const store::Schema tables{
      "factory-journal",
      {"CREATE TABLE production_order (order_id TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL, "
       "station TEXT NOT NULL, content TEXT NOT NULL, closed BIGINT, imported BIGINT NOT NULL)",
       "CREATE TABLE unit (chip_id TEXT NOT NULL PRIMARY KEY, order_id TEXT NOT NULL, model TEXT NOT NULL, "
       "serial TEXT NOT NULL UNIQUE, mac BIGINT NOT NULL UNIQUE, state BIGINT NOT NULL, port TEXT NOT NULL, "
       "spki BYTEA NOT NULL, certificate_serial TEXT NOT NULL, tbs BYTEA NOT NULL, certificate BYTEA NOT NULL, "
       "block_digest BYTEA NOT NULL, escrow BYTEA NOT NULL, claim_salt BYTEA NOT NULL, claim_verifier BYTEA NOT NULL, "
       "lock_answer TEXT NOT NULL, updated BIGINT NOT NULL)",
       "CREATE INDEX unit_by_order ON unit (order_id, model)",
       "CREATE TABLE unit_step (chip_id TEXT NOT NULL, number BIGINT NOT NULL, at BIGINT NOT NULL, "
       "step TEXT NOT NULL, port TEXT NOT NULL, PRIMARY KEY (chip_id, number))",
       "CREATE TABLE unit_sync (serial TEXT NOT NULL PRIMARY KEY, state BIGINT NOT NULL, reason TEXT NOT NULL, "
       "at BIGINT NOT NULL)",
       "CREATE TABLE unit_lock (chip_id TEXT NOT NULL PRIMARY KEY, nonce BYTEA NOT NULL, lifecycle BIGINT NOT NULL, "
       "debug_port BIGINT NOT NULL, signature BYTEA NOT NULL)",
       "CREATE TABLE unit_keys (chip_id TEXT NOT NULL PRIMARY KEY, public_keys BYTEA NOT NULL)"}};
  return tables;
}

bool require_open(store::Transaction& transaction, const Order& order) {
  const auto known =
      transaction.query_one("SELECT digest, closed FROM production_order WHERE order_id = ?", {order.id});
  if (!known) return false;
  if (known->text(0) != digest_of(order))
    throw Error{Errc::denied, "order " + order.id + " came with another content before: it was altered"};
  if (!known->is_null(1))
    throw Error{Errc::denied,
                "order " + order.id + " was closed at " + format_instant(from_unix_seconds(known->integer(1)))};
  return true;
}

Import import_order(store::Transaction& transaction, const Order& order, Instant now) {
  if (require_open(transaction, order)) return Import::known;
  transaction.execute(
      "INSERT INTO production_order (order_id, digest, station, content, closed, imported) VALUES (?, ?, ?, ?, NULL, "
      "?)",
      {order.id, digest_of(order), order.station, order.yaml(), unix_seconds(now)});
  return Import::fresh;
}

std::optional<Order> find_order(store::Transaction& transaction, const std::string& id) {
  const auto row = transaction.query_one("SELECT content FROM production_order WHERE order_id = ?", {id});
  if (!row) return std::nullopt;
  return Order::parse(row->text(0), "order " + id);
}

Order require_known(store::Transaction& transaction, const std::string& id) {
  auto order = find_order(transaction, id);
  if (!order) throw Error{Errc::not_found, "this station has not worked on order " + id};
  return std::move(*order);
}

void close_order(store::Transaction& transaction, const std::string& id, Instant now) {
  (void)require_known(transaction, id);
  transaction.execute("UPDATE production_order SET closed = ? WHERE order_id = ? AND closed IS NULL",
                      {unix_seconds(now), id});
}

std::vector<std::string> orders_open(store::Transaction& transaction, const std::string& station) {
  std::vector<std::string> open;
  for (const auto& row : transaction.query(
           "SELECT order_id FROM production_order WHERE station = ? AND closed IS NULL ORDER BY order_id", {station}))
    open.push_back(row.text(0));
  return open;
}

OrderCount count(store::Transaction& transaction, const Order& order) {
  const auto in_state = [&](UnitState state) {
    return static_cast<std::uint64_t>(
        count_where(transaction, "order_id = ? AND state = ?", {order.id, static_cast<std::int64_t>(state)}));
  };
  OrderCount counted;
  counted.total = order.total();
  counted.begun = static_cast<std::uint64_t>(count_where(transaction, "order_id = ?", {order.id}));
  counted.done = in_state(UnitState::done);
  counted.scrapped = in_state(UnitState::scrapped);
  return counted;
}

Reservation reserve_unit(store::Transaction& transaction, const Order& order, const Part& part, const std::string& port,
                         Instant now) {
  const auto row = transaction.query_one(select("WHERE chip_id = ?"), {hex(part.chip_id)});
  if (!row) {
    if (part.state == Lifecycle::locked)
      return {std::nullopt, "the device is locked already, and not by this station", false};
    if (!part.leftovers.empty()) return {std::nullopt, "the device is not blank: " + part.leftovers, false};
    return take_next(transaction, order, part, port, now);
  }
  auto unit = unit_of(*row);
  if (unit.order != order.id) return {std::nullopt, unit.serial + " belongs to order " + unit.order, false};
  if (unit.model != part.model)
    return {std::nullopt, unit.serial + " was begun as " + unit.model + ", the device says " + part.model, false};
  if (unit.state == UnitState::scrapped) return {std::nullopt, unit.serial + " was scrapped", false};
  unit.port = port;
  return {std::move(unit), {}, false};
}

void save(store::Transaction& transaction, const Unit& unit, std::string_view step, Instant now) {
  auto updated = unit;
  updated.updated = now;
  auto values = values_of(updated);
  values.emplace_back(unit.chip_id);
  const auto changed = transaction.execute(
      "UPDATE unit SET chip_id = ?, order_id = ?, model = ?, serial = ?, mac = ?, state = ?, port = ?, spki = ?, "
      "certificate_serial = ?, tbs = ?, certificate = ?, block_digest = ?, escrow = ?, claim_salt = ?, "
      "claim_verifier = ?, lock_answer = ?, updated = ? WHERE chip_id = ?",
      std::move(values));
  if (changed != 1) throw Error{Errc::internal, "unit " + unit.serial + " is not in the journal"};
  if (!unit.public_keys.empty()) keep_public_keys(transaction, unit);
  if (unit.proof) keep_proof(transaction, unit.chip_id, *unit.proof);
  const auto last =
      transaction.query_one("SELECT COALESCE(MAX(number), 0) FROM unit_step WHERE chip_id = ?", {unit.chip_id});
  transaction.execute("INSERT INTO unit_step (chip_id, number, at, step, port) VALUES (?, ?, ?, ?, ?)",
                      {unit.chip_id, last->integer(0) + 1, unix_seconds(now), std::string{step}, unit.port});
}

std::optional<Unit> find_unit(store::Transaction& transaction, const std::string& serial) {
  const auto row = transaction.query_one(select("WHERE serial = ?"), {serial});
  return row ? std::optional{unit_of(*row)} : std::nullopt;
}

std::vector<Unit> units(store::Transaction& transaction) {
  std::vector<Unit> all;
  for (const auto& row : transaction.query(select("ORDER BY serial"))) all.push_back(unit_of(row));
  return all;
}

std::vector<Unit> unsynced(store::Transaction& transaction, const std::string& station, std::uint64_t most,
                           const std::string& after) {
  std::vector<Unit> all;
  for (const auto& row : transaction.query(
           select("WHERE serial > ? AND state = ? AND serial NOT IN (SELECT serial FROM unit_sync) AND order_id IN "
                  "(SELECT order_id FROM production_order WHERE station = ? OR ? = '') ORDER BY serial LIMIT ?"),
           {after, static_cast<std::int64_t>(UnitState::done), station, station, static_cast<std::int64_t>(most)}))
    all.push_back(unit_of(row));
  return all;
}

void note_sync(store::Transaction& transaction, const std::string& serial, SyncState state, const std::string& reason,
               Instant now) {
  transaction.execute("DELETE FROM unit_sync WHERE serial = ?", {serial});
  transaction.execute("INSERT INTO unit_sync (serial, state, reason, at) VALUES (?, ?, ?, ?)",
                      {serial, static_cast<std::int64_t>(state), reason, unix_seconds(now)});
}

void forget_parked(store::Transaction& transaction) {
  transaction.execute("DELETE FROM unit_sync WHERE state = ?", {static_cast<std::int64_t>(SyncState::parked)});
}

}  // namespace lamp::manufacturing
