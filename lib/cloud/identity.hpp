// From a certificate that passed TLS to the one who is asking, read anew for every request: a revocation acts at the
// next request, also on a connection that is open.
#pragma once

#include <functional>
#include <optional>

#include "lib/cloud/client_trust.hpp"
#include "lib/cloud/router.hpp"
#include "lib/store/database.hpp"

namespace lamp::cloud {

/// The name that ClientTrust gives the authority of devices, and that of people and stations.
inline constexpr std::string_view kDeviceAuthority = "device";
inline constexpr std::string_view kClientAuthority = "client";

/// Nothing for a device that is not registered or is revoked, and for a person without a known role.
class Identifier {
 public:
  Identifier(ClientTrust& trust, store::Database& database) noexcept : trust_{trust}, database_{database} {}
  [[nodiscard]] std::optional<Caller> operator()(const Bytes& certificate) const;

 private:
  ClientTrust& trust_;
  store::Database& database_;
};

}  // namespace lamp::cloud
