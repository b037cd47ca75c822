// Values for templates out of a certificate request. A profile takes one by naming it, as {request.CN}; what no
// template names is not looked at.
#pragma once

#include <vector>

#include "lib/pki/certificate.hpp"
#include "lib/pki/profile.hpp"

namespace lamp::pki {

/// Adds "request.CN" and the other subject attributes, and "request.dns", "request.email", "request.uri", "request.ip"
/// (lists), as far as the profile's templates use them. Throws Error{denied}, naming the field, for an attribute that
/// is there twice, for a control character, and for an alternative name with a comma.
void add_request_values(Subject& values, const Profile& profile, const std::vector<NameAttribute>& subject,
                        const std::vector<GeneralName>& alternative_names);

}  // namespace lamp::pki
