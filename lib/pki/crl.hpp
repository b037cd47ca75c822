// Certificate revocation lists, version 2 (RFC 5280 section 5): whole ones, and shards with an
// IssuingDistributionPoint.
#pragma once

#include <functional>

#include "lib/pki/authority.hpp"
#include "lib/pki/shards.hpp"

namespace lamp::pki {

struct RevocationList {
  std::int64_t shard = kWholeList;
  std::uint64_t number = 0;
  std::size_t entries = 0;
  Instant this_update{}, next_update{};
  Bytes der;
};

/// Makes and records the authority's next list: all that it revoked, or what belongs to one shard. Numbers only rise,
/// in each scope; a list that was not finished because of a crash leaves a gap. A certificate that has ended stays for
/// one more list (RFC 5280 section 3.3). `also` runs in the transaction that records the finished list.
[[nodiscard]] RevocationList make_list(store::Database& database, const Authority& authority, std::uint64_t days,
                                       Instant now, Botan::RandomNumberGenerator& rng,
                                       const std::function<void(store::Transaction&, const RevocationList&)>& also,
                                       const Shard& scope = {});

/// What the register says of an authority's lists of one scope.
struct ListState {
  std::uint64_t number = 0;    ///< of the last finished list; 0 when there is none
  std::uint64_t unlisted = 0;  ///< revocations since, which no list has
};
[[nodiscard]] ListState list_state(store::Transaction& transaction, const std::string& authority, std::int64_t shard,
                                   Instant listed_until);

}  // namespace lamp::pki
