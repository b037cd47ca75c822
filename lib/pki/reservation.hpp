// Who may have a reservation. Private to lib/pki: Authority::reserve and the batch issuer ask here.
#pragma once

#include <optional>
#include <string>

#include "lib/pki/records.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {

/// A row of the register for what a profile made of a subject; serial number and bytes are still to come.
[[nodiscard]] Record record_for(const std::string& authority, const Profile& profile, const Subject& subject,
                                const Contents& contents, ByteView subject_key, Instant now);

/// The reservation that waits for its signature, when `wanted` was asked for before. Throws Error{exists} when it is
/// issued, Error{denied} with the difference when key or identity are somebody else's, or the key was revoked.
[[nodiscard]] std::optional<Record> earlier_than(store::Transaction& transaction, const Record& wanted, Instant now);

}  // namespace lamp::pki
