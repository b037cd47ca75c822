// Who answers OCSP for a site's authorities, and with which keys.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/ca/site_authority.hpp"
#include "lib/pki/ocsp.hpp"

namespace lamp::cli {

/// An authority that OCSP is answered for, with its signer's key open in its token, if it signs.
struct OpenResponder {
  std::unique_ptr<OpenAuthority> signer;
  pki::OcspAuthority authority;
};

/// Signs with the authority's own key, or with that of the OCSP signer named `signer`, whose certificate is
/// ca/<authority>/certs/<signer>.pem.
[[nodiscard]] OpenResponder open_responder(Host& host, const std::string& authority, const std::string& signer);

/// The token that this key is in.
[[nodiscard]] std::string responder_token(Host& host, const std::string& authority, const std::string& signer);

/// Every authority of the site that has a certificate, answering from what was signed ahead: no token is opened.
[[nodiscard]] std::vector<pki::OcspAuthority> keyless_responders(const config::Site& site);

}  // namespace lamp::cli
