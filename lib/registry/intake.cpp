#include "lib/registry/intake.hpp"

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/registry/device.hpp"

namespace lamp::registry {
namespace {

using crypto::sha256;

std::string owner(store::Transaction& transaction, std::string_view sql, store::Value value) {
  const auto row = transaction.query_one(sql, {std::move(value)});
  return row ? row->text(0) : std::string{};
}

/// Everything that the registry holds otherwise, field by field; empty when nothing contradicts.
std::string contradictions(store::Transaction& transaction, const FactoryRecord& record,
                           const std::string& fingerprint) {
  std::string found;
  const auto add = [&](const std::string& text) { found += (found.empty() ? "" : "; ") + text; };
  if (const auto known = find_device(transaction, record.serial)) {
    add("serial number " + record.serial + " is registered with another record");
    if (known->model != record.model) add("model " + known->model + ", not " + record.model);
    if (known->mac != record.mac) add("MAC address " + known->mac.text() + ", not " + record.mac.text());
    if (known->fingerprint != fingerprint) add("another certificate");
    if (known->station != record.station) add("station " + known->station + ", not " + record.station);
    if (known->order != record.order) add("order " + known->order + ", not " + record.order);
  }
  const auto by_mac =
      owner(transaction, "SELECT serial FROM mac_claim WHERE mac = ?", static_cast<std::int64_t>(record.mac.number()));
  if (!by_mac.empty() && by_mac != record.serial) add("MAC address " + record.mac.text() + " belongs to " + by_mac);
  const auto by_certificate = owner(transaction, "SELECT serial FROM fp_claim WHERE fingerprint = ?", fingerprint);
  if (!by_certificate.empty() && by_certificate != record.serial) add("the certificate belongs to " + by_certificate);
  for (const auto& key : firmware::read_public_keys(record.public_keys)) {
    const auto by_key = owner(transaction, "SELECT serial FROM key_claim WHERE public_key = ?", key.value);
    if (!by_key.empty() && by_key != record.serial) add(key.name + " belongs to " + by_key);
  }
  return found;
}

void insert(store::Transaction& transaction, const FactoryRecord& record, const std::string& fingerprint,
            const Bytes& digest_of_record, Instant now) {
  const auto mac = static_cast<std::int64_t>(record.mac.number());
  transaction.execute("INSERT INTO serial_claim (serial, record_digest) VALUES (?, ?)",
                      {record.serial, digest_of_record});
  transaction.execute("INSERT INTO mac_claim (mac, serial) VALUES (?, ?)", {mac, record.serial});
  transaction.execute("INSERT INTO fp_claim (fingerprint, serial) VALUES (?, ?)", {fingerprint, record.serial});
  transaction.execute(
      "INSERT INTO device (serial, model, mac, fingerprint, certificate, claim_salt, claim_verifier, state, station, "
      "order_id, record_digest, completed_at, registered_at) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)",
      {record.serial, record.model, mac, fingerprint, record.certificate, record.claim_salt, record.claim_verifier,
       record.station, record.order, digest_of_record, unix_seconds(record.completed_at), unix_seconds(now)});
}

bool came_before(store::Transaction& transaction, const FactoryRecord& record, const Bytes& id) {
  const auto known = transaction.query_one("SELECT record_digest FROM serial_claim WHERE serial = ?", {record.serial});
  return known && known->blob(0) == id;
}

IntakeResult keep_parked(store::Transaction& transaction, const Bytes& id, std::vector<store::Value> values,
                         const std::string& reason) {
  const auto added = transaction.execute(
      "INSERT INTO parked_record (record_digest, serial, station, reason, certificate, parked_at) "
      "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      std::move(values));
  if (added == 0) transaction.execute("UPDATE parked_record SET reason = ? WHERE record_digest = ?", {reason, id});
  return {Intake::parked, reason, added > 0};
}

}  // namespace

Bytes digest(const FactoryRecord& record) {
  cbor::Writer out;
  out.array(12).text("lamp-factory-record-v3").text(record.serial).text(record.model);
  out.unsigned_integer(record.mac.number()).bytes(record.certificate).bytes(record.claim_salt);
  out.bytes(record.claim_verifier).text(record.station).text(record.order);
  out.integer(unix_seconds(record.completed_at)).bytes(record.escrow);
  out.bytes(record.public_keys);
  return sha256(out.encoded());
}

IntakeResult take_in(store::Transaction& transaction, const FactoryRecord& record, Instant now) {
  const auto id = digest(record);
  if (came_before(transaction, record, id)) return {Intake::accepted, {}, false};
  const auto fingerprint = hex(sha256(record.certificate));
  if (auto reason = contradictions(transaction, record, fingerprint); !reason.empty())
    return park(transaction, record, reason, now);
  insert(transaction, record, fingerprint, id, now);
  for (auto& [name, box] : binding::read_escrow(record.escrow))
    transaction.execute("INSERT INTO escrow_box (serial, name, box) VALUES (?, ?, ?)",
                        {record.serial, name, std::move(box)});
  for (auto& [name, value] : firmware::read_public_keys(record.public_keys)) {
    transaction.execute("INSERT INTO key_claim (public_key, serial) VALUES (?, ?)", {value, record.serial});
    transaction.execute("INSERT INTO device_key (serial, name, public_key) VALUES (?, ?, ?)",
                        {record.serial, name, std::move(value)});
  }
  transaction.execute("DELETE FROM parked_record WHERE record_digest = ?", {id});
  return {Intake::accepted, {}, true};
}

IntakeResult park(store::Transaction& transaction, const FactoryRecord& record, const std::string& reason,
                  Instant now) {
  const auto id = digest(record);
  return keep_parked(transaction, id,
                     {id, record.serial, record.station, reason, record.certificate, unix_seconds(now)}, reason);
}

IntakeResult park_unread(store::Transaction& transaction, const std::string& serial, const std::string& station,
                         ByteView bytes, const std::string& reason, Instant now) {
  const auto id = sha256(bytes);
  return keep_parked(transaction, id, {id, serial, station, reason, Bytes{}, unix_seconds(now)}, reason);
}

bool is_registered(store::Transaction& transaction, const FactoryRecord& record) {
  return came_before(transaction, record, digest(record));
}

std::vector<ParkedRecord> parked_records(store::Transaction& transaction) {
  std::vector<ParkedRecord> all;
  for (const auto& row : transaction.query("SELECT serial, station, reason, parked_at FROM parked_record "
                                           "ORDER BY parked_at, serial"))
    all.push_back({row.text(0), row.text(1), row.text(2), from_unix_seconds(row.integer(3))});
  return all;
}

std::vector<binding::EscrowBox> escrow_boxes(store::Transaction& transaction, std::string_view serial) {
  std::vector<binding::EscrowBox> boxes;
  for (const auto& row :
       transaction.query("SELECT name, box FROM escrow_box WHERE serial = ? ORDER BY name", {std::string{serial}}))
    boxes.push_back({row.text(0), row.blob(1)});
  return boxes;
}

std::vector<firmware::DevicePublicKey> public_keys(store::Transaction& transaction, std::string_view serial) {
  std::vector<firmware::DevicePublicKey> keys;
  for (const auto& row : transaction.query("SELECT name, public_key FROM device_key WHERE serial = ? ORDER BY name",
                                           {std::string{serial}}))
    keys.push_back({row.text(0), row.blob(1)});
  return keys;
}

OrderContent recognise_order(store::Transaction& transaction, const std::string& id, ByteView canonical,
                             const std::string& station, Instant now) {
  const auto digest_of_order = sha256(canonical);
  const auto known = transaction.query_one("SELECT digest FROM order_seen WHERE order_id = ?", {id});
  if (known) return known->blob(0) == digest_of_order ? OrderContent::known : OrderContent::other;
  transaction.execute("INSERT INTO order_seen (order_id, digest, station, first_seen) VALUES (?, ?, ?, ?)",
                      {id, digest_of_order, station, unix_seconds(now)});
  return OrderContent::known;
}

std::int64_t count_of_order(store::Transaction& transaction, std::string_view order, std::string_view model) {
  return transaction
      .query_one("SELECT count(*) FROM device WHERE order_id = ? AND model = ?",
                 {std::string{order}, std::string{model}})
      .value()
      .integer(0);
}

}  // namespace lamp::registry
