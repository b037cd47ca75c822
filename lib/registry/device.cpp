#include "lib/registry/device.hpp"

#include "lib/registry/device_row.hpp"

namespace lamp::registry {
namespace {

std::optional<std::string> optional_text(const store::Row& row, std::size_t column) {
  if (row.is_null(column)) return std::nullopt;
  return row.text(column);
}

std::string select(std::string_view rest) {
  return "SELECT " + std::string{kDeviceColumns} + " FROM device " + std::string{rest};
}

std::optional<Device> find_one(store::Transaction& transaction, std::string_view rest, std::string_view parameter) {
  const auto row = transaction.query_one(select(rest), {std::string{parameter}});
  if (!row) return std::nullopt;
  return device_from(*row);
}

}  // namespace

Device device_from(const store::Row& row) {
  return {.serial = row.text(0),
          .model = row.text(1),
          .mac = MacAddress::from_number(static_cast<std::uint64_t>(row.integer(2))),
          .fingerprint = row.text(3),
          .state = static_cast<DeviceState>(row.integer(4)),
          .project = optional_text(row, 5),
          .network = optional_text(row, 6),
          .version = optional_text(row, 7),
          .station = row.text(8),
          .order = row.text(9),
          .registered_at = from_unix_seconds(row.integer(10))};
}

std::vector<Device> devices_from(const std::vector<store::Row>& rows) {
  std::vector<Device> all;
  all.reserve(rows.size());
  for (const auto& row : rows) all.push_back(device_from(row));
  return all;
}

std::optional<Device> find_device(store::Transaction& transaction, std::string_view serial) {
  return find_one(transaction, "WHERE serial = ?", serial);
}

std::optional<Device> find_device_by_fingerprint(store::Transaction& transaction, std::string_view fingerprint) {
  return find_one(transaction,
                  "JOIN fp_claim ON fp_claim.serial = device.serial AND fp_claim.fingerprint = device.fingerprint "
                  "WHERE fp_claim.fingerprint = ?",
                  fingerprint);
}

std::vector<Device> devices(store::Transaction& transaction) {
  return devices_from(transaction.query(select("ORDER BY serial")));
}

bool revoke_device(store::Transaction& transaction, std::string_view serial, Instant now) {
  transaction.execute("UPDATE device SET state = 2, revoked_at = ? WHERE serial = ? AND state = 1",
                      {unix_seconds(now), std::string{serial}});
  return find_device(transaction, serial).has_value();
}

void note_version(store::Transaction& transaction, std::string_view serial, std::string_view version, Instant now) {
  transaction.execute("UPDATE device SET version = ?, version_at = ? WHERE serial = ?",
                      {std::string{version}, unix_seconds(now), std::string{serial}});
}

}  // namespace lamp::registry
