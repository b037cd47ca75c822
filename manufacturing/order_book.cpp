#include "manufacturing/order_book.hpp"

#include <botan/rng.h>

#include "lib/config/site.hpp"
#include "lib/firmware/device_profile.hpp"
#include "manufacturing/journal.hpp"

namespace lamp::manufacturing {
namespace {

constexpr std::uint64_t kLastSerial = 999'999;

/// "SL-26-": the year keeps the numbers short and tells a service technician the age.
std::string prefix_of(const firmware::DeviceProfile& profile, Instant created) {
  return profile.serial_prefix + "-" + format_instant(created).substr(2, 2) + "-";
}

std::uint64_t next_serial(store::Transaction& transaction, const std::string& prefix, std::uint64_t quantity) {
  const auto row =
      transaction.query_one("SELECT COALESCE(MAX(serial_last), 0) FROM order_range WHERE serial_prefix = ?", {prefix});
  const auto first = static_cast<std::uint64_t>(row->integer(0)) + 1;
  if (quantity > kLastSerial || first > kLastSerial - quantity + 1)
    throw Error{Errc::denied, "serial numbers " + prefix + "... run out; change serial-prefix in the device profile"};
  return first;
}

MacAddress next_mac(store::Transaction& transaction, const AddressPool& pool, std::uint64_t quantity) {
  const auto lowest = static_cast<std::int64_t>(pool.first.number());
  const auto highest = static_cast<std::int64_t>(pool.last.number());
  const auto row =
      transaction.query_one("SELECT COALESCE(MAX(mac_last), ?) FROM order_range WHERE mac_last >= ? AND mac_first <= ?",
                            {lowest - 1, lowest, highest});
  const auto first = static_cast<std::uint64_t>(row->integer(0)) + 1;
  if (first + quantity - 1 > pool.last.number())
    throw Error{Errc::denied, "the address pool " + pool.first.text() + " to " + pool.last.text() + " has " +
                                  std::to_string(first > pool.last.number() ? 0 : pool.last.number() - first + 1) +
                                  " addresses left; name another with --mac-range"};
  return MacAddress::from_number(first);
}

void keep(store::Transaction& transaction, const Order& order, const OrderLine& line) {
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  transaction.execute(
      "INSERT INTO order_range (order_id, model, serial_prefix, serial_first, serial_last, mac_first, mac_last) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      {order.id, line.model, line.serial_prefix, number(line.serial_first),
       number(line.serial_first + line.quantity - 1), number(line.mac_first.number()),
       number(line.mac_last().number())});
}

}  // namespace

AddressPool AddressPool::documentation() {
  return {MacAddress::parse("00:00:5e:00:53:00"), MacAddress::parse("00:00:5e:00:53:ff")};
}

const store::Schema& order_book_schema() {
  static const store::Schema tables{
      "factory-orders",
      {"CREATE TABLE order_range (order_id TEXT NOT NULL, model TEXT NOT NULL, serial_prefix TEXT NOT NULL, "
       "serial_first BIGINT NOT NULL, serial_last BIGINT NOT NULL, mac_first BIGINT NOT NULL, "
       "mac_last BIGINT NOT NULL, PRIMARY KEY (order_id, model), UNIQUE (serial_prefix, serial_first), "
       "UNIQUE (mac_first))",
       "CREATE TABLE order_unit (serial TEXT NOT NULL PRIMARY KEY, order_id TEXT NOT NULL, model TEXT NOT NULL, "
       "key_fingerprint TEXT NOT NULL, taken BIGINT NOT NULL)",
       "CREATE INDEX order_unit_by_order ON order_unit (order_id, model)"}};
  return tables;
}

Order take_order(store::Transaction& transaction, const OrderRequest& request, Botan::RandomNumberGenerator& rng) {
  Order order{std::string{config::kOrderPrefix} + hex(rng.random_vec<Bytes>(6)),
              request.site,
              request.station,
              request.station_key,
              request.created,
              request.not_after,
              {},
              {}};
  for (const auto& [profile, quantity] : request.lines) {
    const auto prefix = prefix_of(*profile, request.created);
    order.lines.push_back({profile->model, quantity, profile->digest, prefix,
                           next_serial(transaction, prefix, quantity), next_mac(transaction, request.pool, quantity)});
    keep(transaction, order, order.lines.back());
  }
  return order;
}

void take_unit(store::Transaction& transaction, const Order& order, const OrderLine& line, const std::string& serial,
               const std::string& key, Instant now) {
  if (!line.index_of(serial)) throw Error{Errc::denied, serial + " is not in the range of order " + order.id};
  const auto taken =
      transaction.query_one("SELECT order_id, key_fingerprint FROM order_unit WHERE serial = ?", {serial});
  if (taken && taken->text(0) == order.id && taken->text(1) == key) return;
  if (taken)
    throw Error{Errc::denied, serial + " was taken before, under order " + taken->text(0) +
                                  (taken->text(1) == key ? "" : ", for another key")};
  if (find_unit(transaction, serial))
    throw Error{Errc::denied, serial + " is made on this host's own line; order " + order.id + " counts there"};
  transaction.execute("INSERT INTO order_unit (serial, order_id, model, key_fingerprint, taken) VALUES (?, ?, ?, ?, ?)",
                      {serial, order.id, line.model, key, unix_seconds(now)});
}

TakenCount count_taken(store::Transaction& transaction, const Order& order, const OrderLine& line) {
  const auto row =
      transaction.query_one("SELECT COUNT(*) FROM order_unit WHERE order_id = ? AND model = ?", {order.id, line.model});
  return {static_cast<std::uint64_t>(row->integer(0)), line.quantity};
}

}  // namespace lamp::manufacturing
