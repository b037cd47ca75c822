// What is wrong with a certificate, found before its key signs it. Rules of RFC 5280, IEEE 802.1AR, and the profile.
#pragma once

#include <string>
#include <vector>

#include "lib/pki/certificate.hpp"
#include "lib/pki/profile.hpp"

namespace lamp::pki {

struct Finding {
  std::string rule;   ///< stable name with its source, such as "rfc5280.serial.positive"
  std::string field;  ///< where in the certificate
  std::string says;
};

/// `issuer` is null when it is not known: rules that compare with the issuer are left out then.
[[nodiscard]] std::vector<Finding> lint_rfc5280(const Tbs& tbs, const IssuerFacts* issuer);
[[nodiscard]] std::vector<Finding> lint_802_1ar(const Tbs& tbs);
/// Whether the certificate is one that this profile makes: same fields, extensions, usages, key kind and lifetime.
[[nodiscard]] std::vector<Finding> lint_profile(const Tbs& tbs, const Profile& profile);

/// All that apply: the profile's standard, and its own rules. Bytes that are no TBSCertificate are one finding.
[[nodiscard]] std::vector<Finding> lint_tbs(ByteView tbs, const Profile& profile, const IssuerFacts* issuer);
/// The same for a signed certificate, and that both of its signature algorithms are one. `profile` may be null.
[[nodiscard]] std::vector<Finding> lint_certificate(ByteView certificate, const Profile* profile,
                                                    const IssuerFacts* issuer);

/// Throws Error{denied} with all findings, unless there are none.
void require_clean(const std::vector<Finding>& findings);

}  // namespace lamp::pki
