// A person's connection to the fleet service: their certificate, their key in their token.
#pragma once

#include <string>
#include <string_view>

#include "cli/host.hpp"
#include "lib/cloud/client.hpp"

namespace lamp::cli {

/// The person of site.yaml that --as names; when it names nobody, the only one whose certificate has the role (OU).
/// Throws Error{denied} when the one named has not the role, Error{bad_input} that lists the choice.
[[nodiscard]] std::string person_with_role(const config::Site& site, std::string_view role, const std::string& named);

/// A person's certificate and the issuing authority's, DER, without the root. Error{not_found} says how to get one.
[[nodiscard]] std::vector<Bytes> certificates_of(const config::Site& site, const std::string& person);

[[nodiscard]] cloud::Client connect_to_service(Host& host, const std::string& person);

}  // namespace lamp::cli
