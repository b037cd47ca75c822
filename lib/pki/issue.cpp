#include "lib/pki/issue.hpp"

#include <botan/pk_keys.h>

#include <variant>

#include "lib/base/error.hpp"
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

}  // namespace

Issued issue(store::Database& database, const Authority& authority, const Profile& profile, const Subject& subject,
             const Botan::Public_Key& key, Instant now, Botan::RandomNumberGenerator& rng,
             const std::function<void(store::Transaction&, const Issued&)>& also) {
  using Answer = std::variant<Reserved, Issued>;
  auto answer = database.write([&](store::Transaction& t) -> Answer {
    auto reserved = attempt([&] { return authority.reserve(t, profile, subject, key, now, rng); });
    const auto* error = std::get_if<Error>(&reserved);
    if (error == nullptr) return std::get<Reserved>(std::move(reserved));
    if (error->code() != Errc::exists) throw Error{error->code(), error->what()};
    return held_by_key(t, authority, key);
  });
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

}  // namespace lamp::pki
