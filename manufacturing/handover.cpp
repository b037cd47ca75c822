#include "manufacturing/handover.hpp"

#include "lib/base/error.hpp"

namespace lamp::manufacturing {

std::uint64_t count_waiting(store::Transaction& transaction, const std::string& station) {
  return static_cast<std::uint64_t>(
      transaction
          .query_one("SELECT COUNT(*) FROM unit WHERE state = ? AND serial NOT IN (SELECT serial FROM unit_sync) AND "
                     "order_id IN (SELECT order_id FROM production_order WHERE station = ? OR ? = '')",
                     {static_cast<std::int64_t>(UnitState::done), station, station})
          ->integer(0));
}

void keep_answer(store::Transaction& transaction, const std::string& serial, SyncState answer,
                 const std::string& reason, Instant now) {
  const auto row = transaction.query_one("SELECT chip_id, port, escrow FROM unit WHERE serial = ?", {serial});
  if (!row) throw Error{Errc::not_found, "the service answered for " + serial + ", which this host has not made"};
  const auto before = find_answer(transaction, serial);
  if (before && before->state == SyncState::accepted) return;
  note_sync(transaction, serial, answer, reason, now);
  if (answer != SyncState::accepted || row->blob(2).empty()) return;
  transaction.execute("UPDATE unit SET escrow = ? WHERE serial = ?", {Bytes{}, serial});
  transaction.execute(
      "INSERT INTO unit_step (chip_id, number, at, step, port) "
      "SELECT ?, COALESCE(MAX(number), 0) + 1, ?, 'escrow-handed-over', ? FROM unit_step WHERE chip_id = ?",
      {row->text(0), unix_seconds(now), row->text(1), row->text(0)});
}

std::optional<Answer> find_answer(store::Transaction& transaction, const std::string& serial) {
  const auto row = transaction.query_one("SELECT state, reason, at FROM unit_sync WHERE serial = ?", {serial});
  if (!row) return std::nullopt;
  return Answer{static_cast<SyncState>(row->integer(0)), row->text(1), from_unix_seconds(row->integer(2))};
}

}  // namespace lamp::manufacturing
