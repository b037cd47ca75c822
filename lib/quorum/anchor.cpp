#include "lib/quorum/anchor.hpp"

namespace lamp::quorum {
namespace {

bool is_or_descends_from(const Roster& roster, std::uint64_t epoch, const std::string& digest) {
  if (epoch == roster.epoch) return hex(roster.digest()) == digest;
  return epoch >= 1 && epoch <= roster.ancestors.size() && hex(roster.ancestors[epoch - 1]) == digest;
}

}  // namespace

const store::Schema& schema() {
  static const store::Schema tables{
      "quorum",
      {"CREATE TABLE quorum_roster (name TEXT NOT NULL, epoch BIGINT NOT NULL, "
       "digest TEXT NOT NULL, PRIMARY KEY (name, epoch))",
       "CREATE TABLE quorum_act (digest TEXT NOT NULL PRIMARY KEY, done BIGINT NOT NULL)"}};
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
  const auto known = newest.front().text(1);
  if (!is_or_descends_from(roster, epoch, known))
    throw Error{Errc::denied, "roster " + roster.name + " epoch " + std::to_string(roster.epoch) +
                                  " is not the one that this host recorded: epoch " + std::to_string(epoch) +
                                  ", digest " + known};
  return Known::yes;
}

}  // namespace lamp::quorum
