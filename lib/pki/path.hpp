// Path validation (RFC 5280 section 6), in the one way in which this project asks Botan for it.
#pragma once

#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"

namespace Botan {
class Certificate_Store;
class Path_Validation_Result;
class X509_Certificate;
}  // namespace Botan

namespace lamp::pki {

enum class PathUse { any, tls_client, tls_server };
/// `required` refuses a certificate about which `lists` say nothing; else one that is there counts.
enum class PathRevocation { where_known, required };

struct PathQuery {
  PathUse use = PathUse::any;
  Instant at{};
  std::string host{};  ///< empty: any name
  PathRevocation revocation = PathRevocation::where_known;
  std::vector<Bytes> lists{};  ///< revocation lists, DER; deltas and lists of limited scope are left out of account
};

/// `chain` begins with the certificate in question; the others may be in any order. A bad path is an answer;
/// Error{bad_input} means that a certificate or list could not be judged at all. Name constraints are checked here as
/// well as by Botan, which knows only some kinds of names.
[[nodiscard]] Botan::Path_Validation_Result validate_path(const std::vector<Botan::X509_Certificate>& chain,
                                                          const std::vector<Botan::Certificate_Store*>& anchors,
                                                          const PathQuery& query);

}  // namespace lamp::pki
