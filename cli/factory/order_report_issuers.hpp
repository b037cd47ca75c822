// The authorities whose certificates a report must carry, so that nobody needs this host's folders to check it.
#pragma once

#include <filesystem>
#include <vector>

#include "lib/base/bytes.hpp"
#include "manufacturing/order_report.hpp"

namespace lamp::cli {

/// DER, from the chains below `authorities` (a site's ca folder): whoever issued the units' certificates, and whoever
/// issued those, without the self-signed roots. One that is not there is left out: the report then proves less.
[[nodiscard]] std::vector<Bytes> issuers_of(const std::vector<manufacturing::ReportedUnit>& units,
                                            const std::filesystem::path& authorities);

}  // namespace lamp::cli
