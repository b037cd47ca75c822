#include "lib/pki/key_index.hpp"

#include <cstring>

#include "lib/base/error.hpp"

namespace lamp::pki {
namespace {

std::uint64_t beginning(ByteView fingerprint) {
  if (fingerprint.size() < sizeof(std::uint64_t)) throw Error{Errc::internal, "a key's fingerprint is cut short"};
  std::uint64_t number = 0;
  std::memcpy(&number, fingerprint.data(), sizeof number);
  return number;
}

std::int64_t filings(store::Transaction& transaction) {
  return transaction.query_one("SELECT times FROM key_filing").value().integer(0);
}

}  // namespace

std::optional<std::string> serial_of_key(store::Transaction& transaction, const std::string& authority,
                                         const std::string& key) {
  const auto fingerprint = from_hex(key);
  auto row = transaction.query_one("SELECT serial FROM certificate_key WHERE fingerprint = ? AND authority = ?",
                                   {fingerprint, authority});
  if (!row)
    row = transaction.query_one("SELECT serial FROM fresh_key WHERE fingerprint = ? AND authority = ?",
                                {fingerprint, authority});
  if (!row) return std::nullopt;
  return row->text(0);
}

void hold_key(store::Transaction& transaction, const Record& record) {
  file_fresh_keys(transaction);
  transaction.execute("INSERT INTO certificate_key (fingerprint, authority, serial) VALUES (?, ?, ?)",
                      {from_hex(record.key), record.authority, record.serial});
}

void let_go_of_key(store::Transaction& transaction, const Record& record) {
  file_fresh_keys(transaction);
  transaction.execute("DELETE FROM certificate_key WHERE fingerprint = ? AND authority = ? AND serial = ?",
                      {from_hex(record.key), record.authority, record.serial});
}

void file_fresh_keys(store::Transaction& transaction) {
  if (!transaction.query_one("SELECT arrival FROM fresh_key LIMIT 1")) return;
  transaction.execute(
      "INSERT INTO certificate_key (fingerprint, authority, serial)"
      " SELECT fingerprint, authority, serial FROM fresh_key ORDER BY fingerprint, authority");
  transaction.execute("DELETE FROM fresh_key");
  transaction.execute("UPDATE key_filing SET times = times + 1");
}

void FreshKeys::begin(store::Transaction& transaction) {
  const auto now = filings(transaction);
  if (!committed_ || now != filings_) {
    seen_.clear();
    last_arrival_ = 0;
    filings_ = now;
  }
  committed_ = false;
  transaction.query_each("SELECT fingerprint, arrival FROM fresh_key WHERE arrival > ? ORDER BY arrival",
                         {last_arrival_}, [this](const store::Row& row) {
                           note(row.blob(0), row.integer(1));
                           return true;
                         });
  if (seen_.size() >= most_) file(transaction);
}

bool FreshKeys::is_held(store::Transaction& transaction, const Record& record) {
  const auto fingerprint = from_hex(record.key);
  // The index decides; it is asked about what may be fresh as about all else.
  if (seen_.contains(beginning(fingerprint))) file(transaction);
  return transaction
      .query_one("SELECT serial FROM certificate_key WHERE fingerprint = ? AND authority = ?",
                 {fingerprint, record.authority})
      .has_value();
}

void FreshKeys::hold(store::Transaction& transaction, const Record& record) {
  const auto fingerprint = from_hex(record.key);
  transaction.execute("INSERT INTO fresh_key (arrival, fingerprint, authority, serial) VALUES (?, ?, ?, ?)",
                      {last_arrival_ + 1, fingerprint, record.authority, record.serial});
  note(fingerprint, last_arrival_ + 1);
}

void FreshKeys::file(store::Transaction& transaction) {
  file_fresh_keys(transaction);
  seen_.clear();
  last_arrival_ = 0;
  filings_ = filings(transaction);
}

void FreshKeys::note(ByteView fingerprint, std::int64_t arrival) {
  seen_.insert(beginning(fingerprint));
  last_arrival_ = arrival;
}

}  // namespace lamp::pki
