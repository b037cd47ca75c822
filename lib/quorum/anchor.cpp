#include "lib/quorum/anchor.hpp"

namespace lamp::quorum {

const store::Schema& schema() {
  static const store::Schema tables{"quorum",
                                    {"CREATE TABLE quorum_roster (name TEXT NOT NULL, epoch BIGINT NOT NULL, "
                                     "digest TEXT NOT NULL, PRIMARY KEY (name, epoch))"}};
  return tables;
}

void remember(store::Transaction& transaction, const Roster& roster) {
  const auto epoch = static_cast<std::int64_t>(roster.epoch);
  transaction.execute("DELETE FROM quorum_roster WHERE name = ? AND epoch >= ?", {roster.name, epoch});
  transaction.execute("INSERT INTO quorum_roster (name, epoch, digest) VALUES (?, ?, ?)",
                      {roster.name, epoch, hex(roster.digest())});
}

Known recognise(store::Transaction& transaction, const Roster& roster) {
  const auto newest = transaction.query(
      "SELECT epoch, digest FROM quorum_roster WHERE name = ? ORDER BY epoch DESC LIMIT 1", {roster.name});
  if (newest.empty()) return Known::never_seen;
  const auto epoch = static_cast<std::uint64_t>(newest.front().integer(0));
  if (epoch != roster.epoch || newest.front().text(1) != hex(roster.digest()))
    throw Error{Errc::denied, "roster " + roster.name + " epoch " + std::to_string(roster.epoch) +
                                  " is not the one that this host recorded: epoch " + std::to_string(epoch) +
                                  ", digest " + newest.front().text(1)};
  return Known::yes;
}

}  // namespace lamp::quorum
