// Sharded revocation lists: each certificate names the address of one list among several, so that a verifier fetches a
// small one. The address is fixed when the certificate is made, whatever the profile says later.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/pki/profile.hpp"
#include "lib/store/database.hpp"

namespace lamp::pki {

/// The list with everything that the authority revoked.
inline constexpr std::int64_t kWholeList = -1;

struct Shard {
  std::int64_t number = kWholeList;
  std::vector<std::string> urls;  ///< every address under which certificates look for it
};

/// Where a certificate of this profile with this serial number says that its list is. The shard is the last four octets
/// of the number, which are random, modulo the count.
[[nodiscard]] std::optional<std::string> crl_url_of(const Profile& profile, ByteView serial);

/// Notes the shards of a profile at its first certificate by this authority. Cheap afterwards.
void note_shards(store::Transaction& transaction, const std::string& authority, const Profile& profile);
/// The authority's shards that certificates name, in order.
[[nodiscard]] std::vector<Shard> shards_of(store::Transaction& transaction, const std::string& authority);
/// The shard that a certificate (its TBSCertificate) names, kWholeList when it names none.
[[nodiscard]] std::int64_t shard_in(store::Transaction& transaction, const std::string& authority, ByteView tbs);

/// The addresses in a DistributionPointName with a full name; others are left out. Throws Error{bad_input}.
[[nodiscard]] std::vector<std::string> urls_in(ByteView distribution_point_name);

}  // namespace lamp::pki
