// Root roll-over: certificates that one root signs for the key of another, so that devices that know only one of them
// accept what is below the other (RFC 4210 section 4.4).
#pragma once

#include "lib/pki/issue.hpp"

namespace lamp::pki {

/// `signer` certifies the name and key of `subject`, both self-signed roots, until the earlier of their ends. `profile`
/// and `values` are those that `subject` was made with: when they give another name now, that is Error{denied}. The
/// register files it as "NAME (link)". Idempotent like issue().
[[nodiscard]] Issued issue_link(store::Database& database, const Authority& signer, const Authority& subject,
                                const Profile& profile, const Subject& values, Instant now,
                                Botan::RandomNumberGenerator& rng,
                                const std::function<void(store::Transaction&, const Issued&)>& also);

}  // namespace lamp::pki
