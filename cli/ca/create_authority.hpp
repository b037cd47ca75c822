// Making an authority: for `lamp-ca create` and for a ceremony's step.
#pragma once

#include <string>
#include <vector>

#include "cli/host.hpp"
#include "lib/pki/issue.hpp"

namespace lamp::cli {

struct AuthorityPlan {
  std::string name, profile;
  std::string issuer;  ///< empty: it signs itself
};

struct CreatedAuthority {
  pki::Issued issued;
  std::string token;  ///< the site's name of the token that holds its key, under the authority's name
};

/// Makes key (unless it is there), certificate and an empty CRL, and publishes them below ca/<name>/. The same again
/// changes nothing. Throws Error{exists} when the name is another authority's. The caller finishes the host.
[[nodiscard]] CreatedAuthority create_authority(Host& host, const AuthorityPlan& plan);

}  // namespace lamp::cli
