#include <algorithm>

#include "lib/config/yaml.hpp"
#include "lib/pki/profile.hpp"

namespace lamp::pki {

void read_crl_url(const config::Node& node, Profile& profile) {
  const bool sharded = node.is_map();
  if (sharded) node.only({"template", "shards"});
  const auto place = sharded ? node.at("template") : node;
  auto url = place.text();
  if (!sharded && url == "none") return;
  const bool printable = std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!url.starts_with("http://") || !printable)
    place.refuse("expected 'none' or an http:// address (a CRL proves itself; https would need a CRL to fetch a CRL)");
  const auto at = url.find(kShardPlaceholder);
  auto rest = url;
  if (at != std::string::npos) rest.erase(at, kShardPlaceholder.size());
  if (sharded && at == std::string::npos) place.refuse("the address of a sharded list has {shard} in it");
  if (!sharded && at != std::string::npos)
    place.refuse("an address with {shard} goes with the number of shards: template and shards");
  if (rest.find_first_of("{}") != std::string::npos) place.refuse("{shard}, once, is the only placeholder here");
  if (sharded) profile.crl_shards = node.at("shards").number(2, 1024);
  profile.crl_url = std::move(url);
}

}  // namespace lamp::pki
