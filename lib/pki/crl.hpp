// Certificate revocation lists, version 2, full (RFC 5280 section 5).
#pragma once

#include <functional>

#include "lib/pki/authority.hpp"
#include "lib/pki/records.hpp"

namespace lamp::pki {

struct RevocationList {
  std::uint64_t number = 0;
  std::size_t entries = 0;
  Instant this_update{}, next_update{};
  Bytes der;
};

/// Makes and records the authority's next list with all that it revoked. Numbers only rise; a list that was not
/// finished because of a crash leaves a gap. `also` runs in the transaction that records the finished list.
[[nodiscard]] RevocationList make_list(store::Database& database, const Authority& authority, std::uint64_t days,
                                       Instant now, Botan::RandomNumberGenerator& rng,
                                       const std::function<void(store::Transaction&, const RevocationList&)>& also);

/// The TBSCertList of these records.
[[nodiscard]] Bytes build_list(const IssuerFacts& issuer, const std::vector<Record>& revoked,
                               const RevocationList& list);

}  // namespace lamp::pki
