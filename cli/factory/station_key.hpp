// The key that a station's orders are bound to.
#pragma once

#include <string>

#include "cli/host.hpp"

namespace lamp::cli {

/// Order::station_key for the certificate that site.yaml names for the station. Throws Error{not_found} that says how
/// to get one, Error{denied} for a certificate that is not that station's.
[[nodiscard]] Bytes station_key(const config::Site& site, const std::string& station);

/// The station's key in its token is that of its certificate: Error{denied} otherwise. Asks for the token's PIN.
void require_station_key(Host& host, const std::string& station);

}  // namespace lamp::cli
