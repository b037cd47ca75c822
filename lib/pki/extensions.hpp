// DER of the extensions that follow from a profile, one function each.
#pragma once

#include "lib/pki/tbs.hpp"

namespace lamp::pki {

/// Each gives the whole Extension, or nothing where the profile does not ask for it.
[[nodiscard]] Bytes encode_alternative_names(const Contents& contents);
[[nodiscard]] Bytes encode_name_constraints(const Contents& contents);
[[nodiscard]] Bytes encode_information_access(const Profile& profile);
[[nodiscard]] Bytes encode_no_revocation_available(const Profile& profile);
[[nodiscard]] Bytes encode_ocsp_no_check(const Profile& profile);

}  // namespace lamp::pki
