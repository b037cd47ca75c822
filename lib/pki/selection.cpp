#include "lib/base/error.hpp"
#include "lib/pki/revocation.hpp"

namespace lamp::pki {
namespace {

constexpr std::int64_t kPage = 20'000;

struct Query {
  std::string sql;
  std::vector<store::Value> parameters;
};

std::int64_t number(const MacAddress& mac) { return static_cast<std::int64_t>(mac.number()); }

Query query_of(const Selection& s) {
  Query query{"SELECT c.authority, c.serial, c.profile, c.identity, c.state, c.reason FROM ", {}};
  std::string order;
  if (s.addresses) {
    query.sql +=
        "certificate_address a JOIN certificate c ON c.authority = a.authority AND c.serial = a.serial"
        " WHERE a.mac >= ? AND a.mac <= ?";
    query.parameters = {number(s.addresses->first), number(s.addresses->second)};
    order = " ORDER BY a.mac, a.authority, a.serial";
  } else if (s.identities) {
    // Of one length, so that the order of texts is that of the numbers in them.
    query.sql += "certificate c WHERE c.identity >= ? AND c.identity <= ? AND LENGTH(c.identity) = ?";
    query.parameters = {s.identities->first, s.identities->second,
                        static_cast<std::int64_t>(s.identities->first.size())};
    order = " ORDER BY c.identity, c.authority, c.serial";
  } else if (!s.order.empty()) {
    query.sql += "certificate c WHERE c.order_id <> '' AND c.order_id = ?";
    query.parameters = {s.order};
    order = " ORDER BY c.serial, c.authority";
  } else {
    throw Error{Errc::internal, "a selection of everything"};
  }
  if (!s.authority.empty()) {
    query.sql += " AND c.authority = ?";
    query.parameters.emplace_back(s.authority);
  }
  query.sql += order + " LIMIT ? OFFSET ?";
  return query;
}

}  // namespace

void for_each(store::Transaction& transaction, const Selection& selection,
              const std::function<void(const Selected&)>& act) {
  const auto query = query_of(selection);
  for (std::int64_t offset = 0;; offset += kPage) {
    auto parameters = query.parameters;
    parameters.emplace_back(kPage);
    parameters.emplace_back(offset);
    const auto rows = transaction.query(query.sql, std::move(parameters));
    for (const auto& row : rows) act({row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5)});
    if (static_cast<std::int64_t>(rows.size()) < kPage) return;
  }
}

void remember_address(store::Transaction& transaction, const Record& record) {
  const auto name = std::string{kAddressValue} + "=";
  for (const auto line : split(record.values, '\n')) {
    if (!line.starts_with(name)) continue;
    const auto mac = MacAddress::parse(line.substr(name.size()));
    transaction.execute("INSERT INTO certificate_address (mac, authority, serial) VALUES (?, ?, ?)",
                        {number(mac), record.authority, record.serial});
  }
}

}  // namespace lamp::pki
