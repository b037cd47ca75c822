#include "lib/pki/lint.hpp"

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/pki/lint_subject.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "nothing" : text;
}

/// Compares two lists of names, in the order given.
void expect(std::vector<Finding>& findings, std::string_view field, const std::vector<std::string>& is,
            const std::vector<std::string>& wanted) {
  if (is == wanted) return;
  findings.push_back({"profile." + std::string{field}, std::string{field},
                      "has " + joined(is) + " where the profile has " + joined(wanted)});
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> extensions_of(const Profile& profile) {
  std::vector<std::string> names{"keyUsage", "subjectKeyIdentifier", "authorityKeyIdentifier"};
  if (profile.authority) names.emplace_back("basicConstraints");
  if (!profile.extended_key_usage.empty()) names.emplace_back("extKeyUsage");
  if (!profile.alternative_names.empty()) names.emplace_back("subjectAltName");
  if (!profile.name_constraints.empty()) names.emplace_back("nameConstraints");
  if (profile.crl_url) names.emplace_back("cRLDistributionPoints");
  if (profile.ocsp_url || profile.issuer_url) names.emplace_back("authorityInfoAccess");
  if (profile.no_revocation_available) names.emplace_back("noRevAvail");
  if (profile.ocsp_no_check) names.emplace_back("ocspNoCheck");
  return names;
}

void compare_extensions(std::vector<Finding>& findings, const Tbs& tbs, const Profile& profile) {
  std::vector<std::string> is;
  is.reserve(tbs.extensions.size());
  for (const auto& extension : tbs.extensions) is.emplace_back(name_of(extension.oid));
  expect(findings, "extensions", sorted(is), sorted(extensions_of(profile)));
}

void compare_usages(std::vector<Finding>& findings, const Tbs& tbs, const Profile& profile) {
  std::vector<std::string> is;
  if (const auto* extension = tbs.find(oid::kKeyUsage))
    for (const auto bit : key_usage(extension->value).set) is.emplace_back(key_usage_name(bit));
  expect(findings, "keyUsage", sorted(is), sorted(profile.key_usage));
  is.clear();
  if (const auto* extension = tbs.find(oid::kExtendedKeyUsage))
    for (const auto& purpose : extended_key_usage(extension->value)) is.emplace_back(name_of(purpose));
  expect(findings, "extKeyUsage", sorted(is), sorted(profile.extended_key_usage));
}

std::string kind_text(const GeneralName& name) {
  if (!name.hardware_type.empty()) return std::string{text(NameKind::hardware_module)};
  const auto kind = name_kind(name.tag);
  return kind ? std::string{text(*kind)} : "another kind";
}

void compare_alternative_names(std::vector<Finding>& findings, const Tbs& tbs, const Profile& profile) {
  std::vector<std::string> is, wanted;
  if (const auto* extension = tbs.find(oid::kSubjectAlternativeName))
    for (const auto& name : general_names(extension->value)) is.push_back(kind_text(name));
  for (const auto& rule : profile.alternative_names) {
    wanted.emplace_back(text(rule.kind));
    // A list has one name or more.
    if (rule.value.is_list())
      while (wanted.size() < is.size() && is[wanted.size()] == text(rule.kind)) wanted.emplace_back(text(rule.kind));
  }
  expect(findings, "subjectAltName", is, wanted);
}

void compare_names(std::vector<Finding>& findings, const Tbs& tbs, const Profile& profile) {
  std::vector<std::string> is, wanted;
  for (const auto& attribute : tbs.subject_attributes) is.emplace_back(name_of(attribute.oid));
  for (const auto& field : profile.subject) wanted.push_back(field.attribute);
  expect(findings, "subject", is, wanted);
  compare_alternative_names(findings, tbs, profile);
}

std::string constraints_text(bool authority, std::optional<std::uint64_t> path_length) {
  if (!authority) return "no authority";
  return "an authority with path length " + (path_length ? std::to_string(*path_length) : "none");
}

void compare_authority(std::vector<Finding>& findings, const Tbs& tbs, const Profile& profile) {
  BasicConstraints is;
  if (const auto* extension = tbs.find(oid::kBasicConstraints)) is = basic_constraints(extension->value);
  const auto wanted = profile.authority ? constraints_text(true, profile.authority->path_length)
                                        : constraints_text(false, std::nullopt);
  expect(findings, "basicConstraints", {constraints_text(is.authority, is.path_length)}, {wanted});
}

void compare_key_and_time(std::vector<Finding>& findings, const Tbs& tbs, const Profile& profile) {
  expect(findings, "key", {key_kind_text(tbs.public_key)}, {std::string{text(profile.key.kind)}});
  const auto begin = tbs.not_before.instant(), end = tbs.not_after.instant();
  if (!begin || !end) return;
  const auto limit = profile.lifetime.end(*begin);
  if (*end > limit || (*end < limit && profile.beyond_issuer == BeyondIssuer::refuse))
    findings.push_back({"profile.lifetime", "notAfter",
                        "is " + format_instant(*end) + " where the profile has " + format_instant(limit)});
}

std::vector<Finding> lint_parsed(const Tbs& tbs, const Profile* profile, const IssuerFacts* issuer) {
  std::vector<Finding> findings;
  guarded_rules(findings, "rfc5280.der", [&] { return lint_rfc5280(tbs, issuer); });
  if (profile == nullptr) return findings;
  if (profile->standard == Standard::ieee_802_1ar)
    guarded_rules(findings, "802.1ar.der", [&] { return lint_802_1ar(tbs); });
  guarded_rules(findings, "profile.der", [&] { return lint_profile(tbs, *profile); });
  return findings;
}

}  // namespace

std::vector<Finding> lint_profile(const Tbs& tbs, const Profile& profile) {
  std::vector<Finding> findings;
  compare_names(findings, tbs, profile);
  compare_extensions(findings, tbs, profile);
  compare_usages(findings, tbs, profile);
  compare_authority(findings, tbs, profile);
  compare_key_and_time(findings, tbs, profile);
  return findings;
}

std::vector<Finding> lint_tbs(ByteView tbs, const Profile& profile, const IssuerFacts* issuer) {
  std::vector<Finding> findings;
  guarded_rules(findings, "rfc5280.der", [&] { return lint_parsed(Tbs::parse(tbs), &profile, issuer); });
  return findings;
}

std::vector<Finding> lint_certificate(ByteView der, const Profile* profile, const IssuerFacts* issuer) {
  std::vector<Finding> findings;
  guarded_rules(findings, "rfc5280.der", [&] {
    const auto certificate = Certificate::parse(der);
    auto found = lint_parsed(certificate.tbs, profile, issuer);
    if (!std::ranges::equal(certificate.signature_algorithm, certificate.tbs.signature_algorithm))
      found.push_back({"rfc5280.signature.same", "signatureAlgorithm", "differs from the one that is signed"});
    return found;
  });
  return findings;
}

void require_clean(const std::vector<Finding>& findings) {
  if (findings.empty()) return;
  std::string text;
  for (const auto& finding : findings)
    text += (text.empty() ? "" : "; ") + finding.field + " " + finding.says + " [" + finding.rule + "]";
  throw Error{Errc::denied, text};
}

}  // namespace lamp::pki
