// Reserve, sign and commit in one call, for issuance that is an act of its own. A production line, which commits
// together with its journal, calls the three steps itself.
#pragma once

#include <functional>
#include <string>

#include "lib/pki/authority.hpp"
#include "lib/pki/records.hpp"

namespace lamp::pki {

struct Issued {
  enum class Outcome { fresh, existed };
  std::string serial;
  Bytes certificate;
  Instant not_after{};
  Outcome outcome = Outcome::fresh;
};

/// The same request again gives the same bytes, also when an earlier call was killed at any point. `also` runs in the
/// transaction that commits a fresh certificate: the audit record goes there.
[[nodiscard]] Issued issue(store::Database& database, const Authority& authority, const Profile& profile,
                           const Subject& subject, const Botan::Public_Key& key, Instant now,
                           Botan::RandomNumberGenerator& rng,
                           const std::function<void(store::Transaction&, const Issued&)>& also);

/// A certificate that takes the place of `old`: same subject and names, at today's rules of the profile, for a new key,
/// or for the same one where the profile allows it (key: renewal: same-key). The old one stays valid until it ends or
/// is revoked, by its serial number. The same request again gives the same bytes. Error{denied} when `old` is not
/// issued, or was renewed already with another key.
[[nodiscard]] Issued renew(store::Database& database, const Authority& authority, const Profile& profile,
                           const Record& old, const Botan::Public_Key& key, Instant now,
                           Botan::RandomNumberGenerator& rng,
                           const std::function<void(store::Transaction&, const Issued&)>& also);

}  // namespace lamp::pki
