#include "cli/factory/issuing_authority.hpp"

namespace lamp::cli {

std::optional<IssuingAuthority> issuing_authority(const config::Site& site, const std::string& station,
                                                  const std::string& order) {
  if (site.line_server) return std::nullopt;
  const auto& token = site.person(station).token;
  const auto own = site.authorities.find(order);
  if (own != site.authorities.end() && own->second == token)
    return IssuingAuthority{order, IssuingAuthority::Serves::this_order};
  for (const auto& [authority, place] : site.authorities)
    if (place == token && !authority.starts_with(config::kOrderPrefix))
      return IssuingAuthority{authority, IssuingAuthority::Serves::every_order};
  return std::nullopt;
}

}  // namespace lamp::cli
