// What tells anybody whether certificates still count: revocation lists, OCSP, and the authorities' own certificates.
// All of it is signed itself, so that it may go over plain HTTP and through caches.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "lib/cloud/rate_limits.hpp"
#include "lib/cloud/router.hpp"

namespace lamp::cloud {

/// Non-owning, but for the functions, which are called from several threads.
struct RevocationService {
  std::function<Bytes(ByteView request)> ocsp;  ///< an OCSPResponse whatever the request
  /// A published list of an authority by its file name, such as crl.der; nothing when there is none.
  std::function<std::optional<std::filesystem::path>(const std::string& authority, const std::string& file)> list;
  std::function<std::optional<Bytes>(const std::string& authority)> certificate;  ///< DER
  RateLimits& limits;
};

/// GET /crl/{authority}/{file}; POST /ocsp and GET /ocsp/{base64} (RFC 6960, appendix A.1); GET
/// /ca/{authority}/cert.der.
void add_revocation_routes(Router& router, const RevocationService& service);

}  // namespace lamp::cloud
