#include "hsm/ceremony_ledger.hpp"

namespace lamp::ceremony {
namespace {

constexpr const char* kTable =
    "CREATE TABLE ceremony_record (ceremony TEXT NOT NULL, number BIGINT NOT NULL, digest TEXT NOT NULL, "
    "PRIMARY KEY (ceremony, number))";

}  // namespace

const store::Schema& schema() {
  static const store::Schema tables{"ceremony", {kTable}};
  return tables;
}

bool remember(store::Transaction& transaction, const std::string& ceremony, const Record& record) {
  const auto number = static_cast<std::int64_t>(record.number);
  const auto digest = hex(record.digest());
  const auto before =
      transaction.query_one("SELECT digest FROM ceremony_record WHERE ceremony = ? AND number = ?", {ceremony, number});
  if (before && before->text(0) == digest) return false;
  if (before)
    throw Error{Errc::denied,
                "this host recorded another record " + std::to_string(number) + " of ceremony " + ceremony};
  transaction.execute("INSERT INTO ceremony_record (ceremony, number, digest) VALUES (?, ?, ?)",
                      {ceremony, number, digest});
  return true;
}

Known recognise(store::Transaction& transaction, const std::string& ceremony, const std::vector<Record>& records) {
  const auto rows =
      transaction.query("SELECT number, digest FROM ceremony_record WHERE ceremony = ? ORDER BY number", {ceremony});
  for (const auto& row : rows) {
    const auto number = static_cast<std::uint64_t>(row.integer(0));
    if (number >= records.size() || hex(records[number].digest()) != row.text(1))
      throw Error{Errc::denied, "this host recorded another record " + std::to_string(number) + " of ceremony " +
                                    ceremony + ": the transcript was shortened or replaced"};
  }
  return rows.empty() ? Known::never_seen : Known::yes;
}

}  // namespace lamp::ceremony
