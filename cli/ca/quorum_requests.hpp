// What officers are shown and approve, verb by verb, when an authority's key is in a quorum's token: everything that
// decides what will be signed, and nothing that the work itself changes, so that a run that was cut short asks for the
// same again.
#pragma once

#include <string>
#include <vector>

#include "cli/quorum_act.hpp"
#include "lib/pki/profile.hpp"
#include "lib/pki/records.hpp"
#include "lib/pki/revocation.hpp"

namespace lamp::cli {

/// "SHA-256 <hex>" of a file, in pieces of bounded size.
[[nodiscard]] std::string digest_of_file(const std::filesystem::path& file);
/// The profile's file as this site has it, by its digest.
[[nodiscard]] std::string digest_of_profile(const config::Site& site, const std::string& profile);

struct WantedCertificate {
  std::string authority, profile, identity;
  pki::Subject values;
  std::string key;    ///< SHA-256 of the SubjectPublicKeyInfo, hex
  std::string proof;  ///< how the key came, such as "request"
};
[[nodiscard]] ActRequest to_issue(const config::Site& site, const WantedCertificate& wanted);
[[nodiscard]] ActRequest to_renew(const config::Site& site, const pki::Record& old, const std::string& key);
/// For every row of a file, whatever its rows say: officers look at the file.
[[nodiscard]] ActRequest to_issue_rows(const config::Site& site, const std::string& authority,
                                       const std::string& profile, const std::filesystem::path& file,
                                       const std::vector<std::string>& values);
/// All are certificates of `authority`.
[[nodiscard]] ActRequest to_revoke(const std::string& authority, const std::vector<pki::Selected>& chosen,
                                   const std::string& reason);
[[nodiscard]] ActRequest to_end_hold(const pki::Record& held);
/// The next lists, with each certificate that they will say is revoked.
[[nodiscard]] ActRequest to_publish_lists(Host& host, const std::string& authority);
/// Responses that hold for `days`, by the authority's key or its signer's.
[[nodiscard]] ActRequest to_presign(Host& host, const std::string& authority, const std::string& signer,
                                    std::uint64_t days);

}  // namespace lamp::cli
