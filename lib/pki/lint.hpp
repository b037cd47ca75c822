// What is wrong with a certificate, found before its key signs it. Rules of RFC 5280, IEEE 802.1AR, and the profile.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/pki/certificate.hpp"
#include "lib/pki/profile.hpp"

namespace lamp::pki {

struct Finding {
  std::string rule;   ///< stable name with its source, such as "rfc5280.serial.positive"
  std::string field;  ///< where in the certificate
  std::string says;
};

/// A rule that is the same for everybody, with the clause that it stands for; rules of a profile are not among them.
struct LintRule {
  std::string_view name, clause;
};
[[nodiscard]] std::span<const LintRule> lint_rules() noexcept;
/// "RFC 5280 section 4.1.2.2"; "the profile" for a rule that is none of lint_rules().
[[nodiscard]] std::string_view clause_of(std::string_view rule) noexcept;

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

/// Whether the DER is a certificate revocation list, well-formed or not.
[[nodiscard]] bool is_revocation_list(ByteView der);
[[nodiscard]] std::vector<Finding> lint_list(ByteView der, const IssuerFacts* issuer);

/// Throws Error{denied} with all findings, unless there are none.
void require_clean(const std::vector<Finding>& findings);

}  // namespace lamp::pki
