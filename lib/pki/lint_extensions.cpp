#include <algorithm>
#include <array>
#include <set>

#include "lib/pki/der.hpp"
#include "lib/pki/general_name.hpp"
#include "lib/pki/lint_subject.hpp"

namespace lamp::pki {
namespace {

std::vector<unsigned> usage_bits(const LintSubject& s) {
  const auto* extension = s.tbs.find(oid::kKeyUsage);
  return extension == nullptr ? std::vector<unsigned>{} : key_usage(extension->value).set;
}

bool uses(const std::vector<unsigned>& bits, std::string_view name) {
  return std::ranges::count(bits, *key_usage_bit(name)) != 0;
}

bool has_purpose(const LintSubject& s, std::string_view name) {
  const auto* extension = s.tbs.find(oid::kExtendedKeyUsage);
  if (extension == nullptr) return false;
  const auto purposes = extended_key_usage(extension->value);
  return std::ranges::count(purposes, *extended_key_usage_oid(name)) != 0;
}

void key_ids(const LintSubject& s) {
  const auto* own = s.tbs.find(oid::kSubjectKeyIdentifier);
  const auto* issuers = s.tbs.find(oid::kAuthorityKeyIdentifier);
  if (own == nullptr && s.constraints().authority)
    s.say("ski.present", "subjectKeyIdentifier", "is missing in an authority's certificate");
  if (own != nullptr && subject_key_id(own->value).empty()) s.say("ski.empty", "subjectKeyIdentifier", "is empty");
  if (issuers == nullptr && !s.self_issued()) s.say("aki.present", "authorityKeyIdentifier", "is missing");
  if (issuers == nullptr) return;
  const auto id = authority_key_id(issuers->value);
  if (id.empty()) s.say("aki.key-id", "authorityKeyIdentifier", "has no keyIdentifier");
  if (s.issuer != nullptr && id != s.issuer->key_id)
    s.say("aki.issuer", "authorityKeyIdentifier", "is not the issuer's subjectKeyIdentifier");
  der::Reader outer{issuers->value};
  auto fields = outer.enter(der::kSequence, "authorityKeyIdentifier");
  (void)fields.next_if(der::context(0), "keyIdentifier");
  const bool names = fields.next_if(der::constructed_context(1), "authorityCertIssuer").has_value();
  const bool serial = fields.next_if(der::context(2), "authorityCertSerialNumber").has_value();
  fields.end("authorityKeyIdentifier");
  if (names != serial)
    s.say("aki.pair", "authorityKeyIdentifier", "has one of authorityCertIssuer and authorityCertSerialNumber");
}

void alternative_name(const LintSubject& s, const GeneralName& name) {
  const auto kind = name_kind(name.tag);
  if (!kind) return;
  const auto say = [&](std::string_view what) {
    s.say("san." + std::string{text(*kind)}, "subjectAltName", "'" + name.text + "' is no " + std::string{what});
  };
  if (kind == NameKind::dns && !is_host_name(name.text)) say("host name");
  if (kind == NameKind::email && !is_mail_address(name.text)) say("mail address");
  if (kind == NameKind::uri && !is_uri(name.text)) say("absolute URI with a host");
  if (kind == NameKind::ip && name.text.size() != 4 && name.text.size() != 16)
    s.say("san.ip", "subjectAltName", "has an iPAddress of " + std::to_string(name.text.size()) + " octets");
}

void alternative_names(const LintSubject& s) {
  const auto* extension = s.tbs.find(oid::kSubjectAlternativeName);
  const bool no_subject = s.tbs.subject_attributes.empty();
  if (no_subject && (extension == nullptr || !extension->critical))
    s.say("san.critical", "subjectAltName", "must be there and critical when the subject is empty");
  if (extension == nullptr) return;
  if (!no_subject && extension->critical)
    s.say("san.critical", "subjectAltName", "should not be critical when there is a subject");
  std::set<std::string> seen;
  for (const auto& name : general_names(extension->value)) {
    alternative_name(s, name);
    if (!name.text.empty() && !seen.insert(static_cast<char>(name.tag) + name.text).second)
      s.say("san.once", "subjectAltName", "'" + name.text + "' is there twice");
  }
}

void purposes(const LintSubject& s) {
  const auto* extension = s.tbs.find(oid::kExtendedKeyUsage);
  if (extension == nullptr) return;
  const auto all = extended_key_usage(extension->value);
  if (std::set<std::string>{all.begin(), all.end()}.size() != all.size())
    s.say("eku.once", "extKeyUsage", "names a purpose twice");
  if (extension->critical && std::ranges::count(all, "2.5.29.37.0") != 0)
    s.say("eku.any", "extKeyUsage", "is critical and has anyExtendedKeyUsage");
  if (s.constraints().authority || s.tbs.find(oid::kKeyUsage) == nullptr) return;
  const auto bits = usage_bits(s);
  const bool agrees = uses(bits, "keyAgreement"), enciphers = uses(bits, "keyEncipherment");
  const bool signs = uses(bits, "digitalSignature");
  if (has_purpose(s, "serverAuth") && !signs && !agrees && !enciphers)
    s.say("eku.key-usage", "extKeyUsage", "serverAuth fits none of the key's usages");
  if (has_purpose(s, "clientAuth") && !signs && !agrees)
    s.say("eku.key-usage", "extKeyUsage", "clientAuth fits none of the key's usages");
  for (const auto* name : {"codeSigning", "timeStamping", "OCSPSigning"})
    if (has_purpose(s, name) && !signs && !uses(bits, "nonRepudiation"))
      s.say("eku.key-usage", "extKeyUsage", std::string{name} + " fits none of the key's usages");
}

void time_stamping(const LintSubject& s) {
  const auto* extension = s.tbs.find(oid::kExtendedKeyUsage);
  if (!has_purpose(s, "timeStamping")) return;
  if (!extension->critical || extended_key_usage(extension->value).size() != 1)
    s.report("rfc3161.eku", "extKeyUsage", "timeStamping must be critical and alone");
}

void subtree(const LintSubject& s, const GeneralName& name) {
  const auto kind = name_kind(name.tag);
  if (kind == NameKind::ip) {
    if (name.text.size() != 8 && name.text.size() != 32)
      s.say("name-constraints.form", "nameConstraints", "has an iPAddress without its mask");
    return;
  }
  const bool any_host = kind == NameKind::dns && name.text.empty();
  if (!kind || any_host) return;
  auto host = std::string_view{name.text};
  if (host.starts_with('.')) host.remove_prefix(1);
  if (!is_host_name(host) && !(kind == NameKind::email && is_mail_address(name.text)))
    s.say("name-constraints.form", "nameConstraints",
          "'" + name.text + "' is no " + std::string{text(*kind)} + " name");
}

void own_constraints(const LintSubject& s) {
  const auto* extension = s.tbs.find(oid::kNameConstraints);
  if (extension == nullptr) return;
  const auto constraints = name_constraints(extension->value);
  if (!s.constraints().authority)
    s.say("name-constraints.authority", "nameConstraints", "are in a certificate that is no authority's");
  if (constraints.permitted.empty() && constraints.excluded.empty())
    s.say("name-constraints.empty", "nameConstraints", "name nothing");
  if (constraints.distances)
    s.say("name-constraints.distance", "nameConstraints", "have minimum or maximum, which must not be used");
  for (const auto& name : constraints.permitted) subtree(s, name);
  for (const auto& name : constraints.excluded) subtree(s, name);
}

std::string shown(const GeneralName& name) {
  if (name.tag == der::constructed_context(4)) return "the subject";
  return name.tag == name_tag(NameKind::ip) ? "address " + hex(as_bytes(name.text)) : "'" + name.text + "'";
}

void issuers_constraints(const LintSubject& s) {
  // RFC 5280 section 6.1.3 (b): a self-issued certificate inside a path is exempt.
  if (s.issuer == nullptr || (s.self_issued() && s.constraints().authority)) return;
  for (const auto& limits : s.issuer->name_constraints)
    for (const auto& name : constrained_names(s.tbs)) {
      const auto same_kind = [&](const GeneralName& tree) { return tree.tag == name.tag; };
      const auto holds = [&](const GeneralName& tree) { return within_subtree(name, tree); };
      if (std::ranges::any_of(limits.excluded, holds))
        s.say("name-constraints.excluded", "subjectAltName",
              shown(name) + " is excluded by authority " + s.issuer->name);
      if (std::ranges::any_of(limits.permitted, same_kind) && std::ranges::none_of(limits.permitted, holds))
        s.say("name-constraints.permitted", "subjectAltName",
              shown(name) + " is not among the names that authority " + s.issuer->name + " is permitted");
    }
}

void policies(const LintSubject& s) {
  const bool authority = s.constraints().authority;
  if (const auto* extension = s.tbs.find(oid::kCertificatePolicies)) {
    der::Reader outer{extension->value};
    auto list = outer.enter(der::kSequence, "certificatePolicies");
    std::set<std::string> seen;
    do {
      auto policy = list.enter(der::kSequence, "policy");
      if (!seen.insert(der::object_id(policy.next(der::kObjectId, "policy").content)).second)
        s.say("policies.once", "certificatePolicies", "names a policy twice");
    } while (!list.at_end());
  }
  if (const auto* extension = s.tbs.find(oid::kPolicyConstraints)) {
    der::Reader outer{extension->value};
    if (outer.enter(der::kSequence, "policyConstraints").at_end())
      s.say("policy-constraints.empty", "policyConstraints", "is an empty sequence");
  }
  for (const auto dotted : {oid::kPolicyConstraints, oid::kInhibitAnyPolicy})
    if (s.tbs.find(dotted) != nullptr && !authority)
      s.say("policy-constraints.authority", name_of(dotted), "is in a certificate that is no authority's");
}

void check_url(const LintSubject& s, std::string_view rule, std::string_view field, const der::Item& item) {
  const auto url = to_text(item.content);
  if (item.tag == name_tag(NameKind::uri) && !is_uri(url)) s.say(rule, field, "'" + url + "' is no absolute URI");
}

void one_point(const LintSubject& s, der::Reader point) {
  const auto name = point.next_if(der::constructed_context(0), "distributionPoint");
  (void)point.next_if(der::context(1), "reasons");
  const bool issuer = point.next_if(der::constructed_context(2), "cRLIssuer").has_value();
  point.end("distribution point");
  if (!name && !issuer) s.say("crl-points.name", "cRLDistributionPoints", "has a point without name and cRLIssuer");
  if (!name) return;
  der::Reader choice{name->content};
  if (choice.peek() != der::constructed_context(0)) return;
  auto names = choice.enter(der::constructed_context(0), "fullName");
  do check_url(s, "crl-points.uri", "cRLDistributionPoints", names.next("fullName"));
  while (!names.at_end());
}

void distribution_points(const LintSubject& s) {
  const auto* extension = s.tbs.find(oid::kCrlDistributionPoints);
  if (extension == nullptr) return;
  der::Reader outer{extension->value};
  auto points = outer.enter(der::kSequence, "cRLDistributionPoints");
  do one_point(s, points.enter(der::kSequence, "distribution point"));
  while (!points.at_end());
}

/// The methods of authorityInfoAccess, its addresses checked.
std::set<std::string> access_methods(const LintSubject& s) {
  std::set<std::string> methods;
  const auto* extension = s.tbs.find(oid::kAuthorityInformationAccess);
  if (extension == nullptr) return methods;
  der::Reader outer{extension->value};
  auto list = outer.enter(der::kSequence, "authorityInfoAccess");
  do {
    auto access = list.enter(der::kSequence, "access description");
    methods.insert(der::object_id(access.next(der::kObjectId, "access method").content));
    check_url(s, "info-access.uri", "authorityInfoAccess", access.next("access location"));
    access.end("access description");
  } while (!list.at_end());
  return methods;
}

bool is_null(const Extension& extension) {
  return extension.value.size() == 2 && extension.value[0] == der::kNull && extension.value[1] == 0;
}

void revocation(const LintSubject& s) {
  const auto methods = access_methods(s);
  if (const auto* no_check = s.tbs.find(oid::kOcspNoCheck)) {
    if (!is_null(*no_check)) s.report("rfc6960.no-check.value", "ocspNoCheck", "is not NULL");
    if (!has_purpose(s, "OCSPSigning"))
      s.report("rfc6960.no-check.purpose", "ocspNoCheck", "is for responders: extKeyUsage lacks OCSPSigning");
  }
  const auto* none = s.tbs.find(oid::kNoRevocationAvailable);
  if (none == nullptr) return;
  if (!is_null(*none)) s.report("rfc9608.value", "noRevAvail", "is not NULL");
  if (none->critical) s.report("rfc9608.critical", "noRevAvail", "must not be critical");
  if (s.constraints().authority) s.report("rfc9608.authority", "noRevAvail", "is in an authority's certificate");
  if (s.tbs.find(oid::kCrlDistributionPoints) != nullptr || s.tbs.find(oid::kFreshestCrl) != nullptr ||
      methods.contains(std::string{oid::kAccessOcsp}))
    s.report("rfc9608.pointer", "noRevAvail", "stands beside an address where revocation is to be asked");
}

}  // namespace

void lint_extensions(const LintSubject& subject) {
  for (const auto rule : {key_ids, alternative_names, purposes, time_stamping, own_constraints, issuers_constraints,
                          policies, distribution_points, revocation})
    rule(subject);
}

}  // namespace lamp::pki
