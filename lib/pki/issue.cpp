#include "lib/pki/issue.hpp"

#include <botan/pk_keys.h>

#include <variant>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/pki/lint.hpp"
#include "lib/pki/records.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

Issued existing(const Record& record) {
  return {record.serial, record.certificate, record.not_after, Issued::Outcome::existed};
}

/// The certificate that holds this key, when reserve() found it issued.
Issued held_by_key(store::Transaction& transaction, const Authority& authority, const Botan::Public_Key& key) {
  const auto info = key.subject_public_key();
  const auto record = holder_of_key(transaction, authority.name(), key_fingerprint(info));
  if (!record) throw Error{Errc::internal, "an issued certificate that its key does not lead to"};
  return existing(*record);
}

using Answer = std::variant<Reserved, Issued>;
using Also = std::function<void(store::Transaction&, const Issued&)>;

/// Signs and commits what was reserved, unless it was found issued.
Issued complete(store::Database& database, const Authority& authority, Answer answer, Instant now,
                Botan::RandomNumberGenerator& rng, const Also& also) {
  if (auto* issued = std::get_if<Issued>(&answer)) return std::move(*issued);
  const auto& reserved = std::get<Reserved>(answer);
  const auto certificate = authority.sign(reserved, rng);
  return database.write([&](store::Transaction& t) {
    // Somebody else may have completed the same reservation while the token was signing: theirs counts.
    auto record = find(t, authority.name(), reserved.serial);
    if (record && record->state == State::issued) return existing(*record);
    authority.commit(t, reserved, certificate, now);
    const Issued issued{reserved.serial, certificate, record ? record->not_after : Instant{}, Issued::Outcome::fresh};
    also(t, issued);
    return issued;
  });
}

/// "name=value" lines, as the register keeps them.
Subject values_from(const std::string& lines) {
  Subject values;
  for (const auto line : split(lines, '\n')) {
    const auto equals = line.find('=');
    if (equals != std::string_view::npos)
      values.emplace(std::string{line.substr(0, equals)}, std::string{line.substr(equals + 1)});
  }
  return values;
}

/// The certificate that has renewed this one, unless it was revoked since.
std::optional<Record> successor_of(store::Transaction& transaction, const Record& old) {
  std::optional<Record> successor;
  for (auto& record : list(transaction, {.authority = old.authority, .replaces = old.serial}))
    if (record.state != State::revoked) successor = std::move(record);
  return successor;
}

void require_renewable(const Record& old, const Profile& profile, const std::string& key) {
  const std::string which = "certificate " + old.serial + " of authority " + old.authority;
  if (old.state != State::issued)
    throw Error{Errc::denied,
                which + " is " + std::string{text(old.state)} + ", so it cannot be renewed; issue a new one"};
  if (old.profile != profile.name)
    throw Error{Errc::denied, which + " was issued by profile " + old.profile + ", not " + profile.name};
  if (old.key == key && !profile.key.renewal_keeps_key)
    throw Error{Errc::denied, "profile " + profile.name +
                                  " wants a new key for a renewal; make one, or let the profile "
                                  "say so (key: renewal: same-key)"};
}

}  // namespace

Issued issue(store::Database& database, const Authority& authority, const Profile& profile, const Subject& subject,
             const Botan::Public_Key& key, Instant now, Botan::RandomNumberGenerator& rng, const Also& also) {
  auto answer = database.write([&](store::Transaction& t) -> Answer {
    auto reserved = attempt([&] { return authority.reserve(t, profile, subject, key, now, rng); });
    const auto* error = std::get_if<Error>(&reserved);
    if (error == nullptr) return std::get<Reserved>(std::move(reserved));
    if (error->code() != Errc::exists) throw Error{error->code(), error->what()};
    return held_by_key(t, authority, key);
  });
  return complete(database, authority, std::move(answer), now, rng, also);
}

Issued renew(store::Database& database, const Authority& authority, const Profile& profile, const Record& old,
             const Botan::Public_Key& key, Instant now, Botan::RandomNumberGenerator& rng, const Also& also) {
  const auto wanted = key_fingerprint(key.subject_public_key());
  auto answer = database.write([&](store::Transaction& t) -> Answer {
    const auto current = find(t, authority.name(), old.serial);
    if (!current)
      throw Error{Errc::not_found, "authority " + authority.name() + " issued no certificate " + old.serial};
    if (const auto successor = successor_of(t, *current)) {
      if (successor->key != wanted)
        throw Error{Errc::denied, "certificate " + old.serial + " was renewed by " + successor->serial +
                                      " with another key already; renew that one"};
      if (successor->state == State::issued) return existing(*successor);
      require_clean(lint_tbs(successor->tbs, profile, authority.facts()));
      return Reserved{successor->serial, successor->tbs};
    }
    require_renewable(*current, profile, wanted);
    make_way(t, *current, wanted);
    auto reserved = authority.reserve(t, profile, values_from(current->values), key, now, rng, current->order);
    set_replaces(t, authority.name(), reserved.serial, current->serial);
    return reserved;
  });
  return complete(database, authority, std::move(answer), now, rng, also);
}

}  // namespace lamp::pki
