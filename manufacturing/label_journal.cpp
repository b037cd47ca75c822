#include "manufacturing/label_journal.hpp"

#include "lib/base/error.hpp"

namespace lamp::manufacturing {
namespace {

std::int64_t next_number(store::Transaction& transaction, const std::string& table, const std::string& serial) {
  return transaction.query_one("SELECT COALESCE(MAX(number), 0) FROM " + table + " WHERE serial = ?", {serial})
             ->integer(0) +
         1;
}

}  // namespace

const store::Schema& label_schema() {
  static const store::Schema tables{
      "factory-labels",
      {"CREATE TABLE label_print (serial TEXT NOT NULL, number BIGINT NOT NULL, at BIGINT NOT NULL, "
       "printed_by TEXT NOT NULL, form TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (serial, number))",
       "CREATE TABLE label_check (serial TEXT NOT NULL, number BIGINT NOT NULL, at BIGINT NOT NULL, "
       "checked_by TEXT NOT NULL, result BIGINT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (serial, number))"}};
  return tables;
}

LabelPrint note_print(store::Transaction& transaction, const std::string& serial, const LabelPrint& print) {
  const auto before = label_history(transaction, serial);
  if (before.last_print && print.reason.empty())
    throw Error{Errc::denied, "the label of " + serial + " was printed before, " + std::to_string(before.prints) +
                                  (before.prints == 1 ? " time" : " times") + ", last at " +
                                  format_instant(before.last_print->at) + "; say with --reason why it is again"};
  auto counted = print;
  counted.number = static_cast<std::uint64_t>(next_number(transaction, "label_print", serial));
  transaction.execute(
      "INSERT INTO label_print (serial, number, at, printed_by, form, reason) VALUES (?, ?, ?, ?, ?, ?)",
      {serial, static_cast<std::int64_t>(counted.number), unix_seconds(counted.at), counted.by, counted.form,
       counted.reason});
  return counted;
}

void note_check(store::Transaction& transaction, const std::string& serial, Checked result, const std::string& by,
                const std::string& reason, Instant now) {
  transaction.execute(
      "INSERT INTO label_check (serial, number, at, checked_by, result, reason) VALUES (?, ?, ?, ?, ?, ?)",
      {serial, next_number(transaction, "label_check", serial), unix_seconds(now), by,
       std::int64_t{result == Checked::agreed ? 1 : 0}, reason});
}

LabelHistory label_history(store::Transaction& transaction, const std::string& serial) {
  LabelHistory history;
  const auto print = transaction.query_one(
      "SELECT number, at, printed_by, form, reason FROM label_print WHERE serial = ? ORDER BY number DESC LIMIT 1",
      {serial});
  if (print) {
    history.prints = static_cast<std::uint64_t>(print->integer(0));
    history.last_print = LabelPrint{history.prints, from_unix_seconds(print->integer(1)), print->text(2),
                                    print->text(3), print->text(4)};
  }
  const auto check = transaction.query_one(
      "SELECT number, at, result FROM label_check WHERE serial = ? ORDER BY number DESC LIMIT 1", {serial});
  if (check) {
    history.checks = static_cast<std::uint64_t>(check->integer(0));
    if (check->integer(2) == 1) history.agreed_at = from_unix_seconds(check->integer(1));
  }
  return history;
}

}  // namespace lamp::manufacturing
