// Taking an officer into a roster: for `quorum create` and `quorum replace`.
#pragma once

#include "cli/host.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::cli {

/// The leaf of the person's certificate file. Throws an Error that says how to get one.
[[nodiscard]] Bytes leaf_certificate(const config::Person& person);

/// The officer with certificate and share key, which is made when it is not there. Error{denied} when the certificate
/// is not for the person's key. The person's token must be here.
[[nodiscard]] quorum::Officer enrol_officer(Host& host, const config::Person& person);

}  // namespace lamp::cli
