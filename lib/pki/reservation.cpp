#include "lib/pki/reservation.hpp"

#include <algorithm>

#include "lib/base/error.hpp"

namespace lamp::pki {
namespace {

std::vector<std::string> differences(const Record& had, const Record& wanted) {
  std::vector<std::string> lines;
  const auto compare = [&](std::string_view field, const std::string& before, const std::string& now) {
    if (before != now) lines.push_back(std::string{field} + " was '" + before + "', is '" + now + "'");
  };
  const auto one_line = [](std::string values) {
    std::replace(values.begin(), values.end(), '\n', ' ');
    return values;
  };
  compare("profile", had.profile, wanted.profile);
  compare("identity", had.identity, wanted.identity);
  compare("values", one_line(had.values), one_line(wanted.values));
  compare("key", had.key, wanted.key);
  compare("order", had.order, wanted.order);
  return lines;
}

/// Throws unless `had` is this very request, reserved and waiting for its signature.
void require_same(const Record& had, const Record& wanted) {
  const std::string which = "certificate " + had.serial + " of authority " + had.authority;
  if (had.state == State::revoked)
    throw Error{Errc::denied, which + " had this key and was revoked (" + had.reason + "); make a new key"};
  const auto different = differences(had, wanted);
  if (!different.empty()) {
    std::string list;
    for (const auto& line : different) list += (list.empty() ? "" : "; ") + line;
    throw Error{Errc::denied, which + " is " + std::string{text(had.state)} + " already: " + list +
                                  "; revoke it first if it is to be replaced"};
  }
  if (had.state == State::issued) throw Error{Errc::exists, which + " is issued already for " + had.identity};
}

}  // namespace

Record record_for(const std::string& authority, const Profile& profile, const Subject& subject,
                  const Contents& contents, ByteView subject_key, Instant now) {
  Record record;
  record.authority = authority;
  record.profile = profile.name;
  record.identity = contents.identity;
  record.values = values_text(subject);
  record.key = key_fingerprint(subject_key);
  record.reserved_at = now;
  record.not_after = contents.not_after;
  return record;
}

std::optional<Record> earlier_than(store::Transaction& transaction, const Record& wanted, Instant now) {
  for (auto& held : {holder_of_key(transaction, wanted.authority, wanted.key),
                     holder_of_identity(transaction, wanted.authority, wanted.profile, wanted.identity)}) {
    if (!held || (held->not_after < now && held->state != State::revoked)) continue;
    require_same(*held, wanted);
    return held;
  }
  return std::nullopt;
}

}  // namespace lamp::pki
