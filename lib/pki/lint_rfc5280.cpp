#include <algorithm>
#include <array>
#include <set>

#include "lib/pki/der.hpp"
#include "lib/pki/general_name.hpp"
#include "lib/pki/lint.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

/// What a rule looks at, and where it puts what it finds.
struct Subject5280 {
  const Tbs& tbs;
  const IssuerFacts* issuer;
  std::vector<Finding>& findings;
  void say(std::string_view rule, std::string_view field, std::string says) const {
    findings.push_back({"rfc5280." + std::string{rule}, std::string{field}, std::move(says)});
  }
  [[nodiscard]] bool self_issued() const { return std::ranges::equal(tbs.issuer, tbs.subject); }
  [[nodiscard]] BasicConstraints constraints() const {
    const auto* extension = tbs.find(oid::kBasicConstraints);
    return extension == nullptr ? BasicConstraints{} : basic_constraints(extension->value);
  }
};

void serial(const Subject5280& s) {
  const auto number = s.tbs.serial;
  if ((number.front() & 0x80U) != 0) s.say("serial.positive", "serialNumber", "is negative");
  if (number.size() == 1 && number.front() == 0) s.say("serial.positive", "serialNumber", "is zero");
  if (number.size() > 20)
    s.say("serial.length", "serialNumber", "has " + std::to_string(number.size()) + " octets; at most 20 are allowed");
}

void version(const Subject5280& s) {
  if (s.tbs.version != 3)
    s.say("version", "version", "is " + std::to_string(s.tbs.version) + " where extensions need 3");
  if (s.tbs.unique_ids) s.say("unique-id", "uniqueIdentifier", "must not be used");
}

void one_time(const Subject5280& s, const CertificateTime& time, std::string_view field) {
  const auto at = time.instant();
  if (!at) return s.say("time.form", field, "is not YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ: '" + time.text + "'");
  const bool should_be_utc = *at < Instant{std::chrono::sys_days{std::chrono::year{2050} / 1 / 1}};
  if (should_be_utc != (time.tag == der::kUtcTime))
    s.say("time.type", field, "UTCTime is for dates through 2049, GeneralizedTime for later ones");
}

void validity(const Subject5280& s) {
  one_time(s, s.tbs.not_before, "notBefore");
  one_time(s, s.tbs.not_after, "notAfter");
  const auto begin = s.tbs.not_before.instant(), end = s.tbs.not_after.instant();
  if (!begin || !end) return;
  if (*begin > *end) s.say("validity.order", "validity", "ends before it begins");
  if (s.issuer == nullptr) return;
  if (*begin < s.issuer->not_before) s.say("validity.issuer", "notBefore", "is before the issuer's");
  if (*end > s.issuer->not_after) s.say("validity.issuer", "notAfter", "is after the issuer's");
}

/// Upper bounds of RFC 5280 appendix A.1, for the attributes that profiles may use.
std::size_t upper_bound(std::string_view attribute) {
  if (attribute == "C") return 2;
  return attribute == "L" || attribute == "ST" ? 128 : 64;
}

void subject_name(const Subject5280& s) {
  for (const auto& attribute : s.tbs.subject_attributes) {
    const auto name = std::string{name_of(attribute.oid)};
    const bool printable_only = attribute.oid == oid::kSerialNumber || attribute.oid == oid::kCountry;
    if (attribute.string_type != der::kPrintableString && (printable_only || attribute.string_type != der::kUtf8String))
      s.say("name.string", "subject " + name,
            printable_only ? "must be a PrintableString" : "must be PrintableString or UTF8String");
    if (attribute.text.empty()) s.say("name.empty", "subject " + name, "is empty");
    if (attribute_oid(name) && attribute.text.size() > upper_bound(name))
      s.say("name.length", "subject " + name, "is longer than " + std::to_string(upper_bound(name)) + " characters");
    if (name == "C" && attribute.text.size() != 2) s.say("name.country", "subject C", "is not two letters");
  }
}

/// NIST SP 800-131A: 112 bits of security.
constexpr std::size_t kSmallestRsa = 2048;

void public_key(const Subject5280& s) {
  if (const auto bits = rsa_bits(s.tbs.public_key)) {
    if (*bits < kSmallestRsa)
      s.say("key.size", "subjectPublicKey",
            "RSA with " + std::to_string(*bits) + " bits; at least " + std::to_string(kSmallestRsa) + " are needed");
    return;
  }
  const auto curve = curve_of(s.tbs.public_key);
  if (curve.empty()) return s.say("key.curve", "subjectPublicKey", "is not on a named curve");
  if (curve != oid::kP256 && curve != oid::kP384)
    return s.say("key.curve", "subjectPublicKey", "curve " + curve + " is not P-256 or P-384");
}

void extensions_once(const Subject5280& s) {
  static const std::set<std::string_view> understood{
      oid::kSubjectKeyIdentifier,   oid::kKeyUsage,         oid::kSubjectAlternativeName, oid::kBasicConstraints,
      oid::kNameConstraints,        oid::kExtendedKeyUsage, oid::kCertificatePolicies,    oid::kPolicyConstraints,
      oid::kAuthorityKeyIdentifier, oid::kInhibitAnyPolicy};
  std::set<std::string_view> seen;
  for (const auto& extension : s.tbs.extensions) {
    const auto name = std::string{name_of(extension.oid)};
    if (!seen.insert(extension.oid).second) s.say("extension.once", name, "is there twice");
    if (extension.default_written) s.say("extension.default", name, "spells out critical FALSE");
    if (extension.critical && !understood.contains(extension.oid))
      s.say("extension.unknown", name, "is critical and nobody here understands it");
  }
}

void criticality(const Subject5280& s) {
  struct Rule {
    std::string_view oid;
    bool critical;
  };
  static constexpr std::array kRules{Rule{oid::kKeyUsage, true},
                                     Rule{oid::kNameConstraints, true},
                                     Rule{oid::kPolicyConstraints, true},
                                     Rule{oid::kInhibitAnyPolicy, true},
                                     Rule{oid::kSubjectKeyIdentifier, false},
                                     Rule{oid::kAuthorityKeyIdentifier, false},
                                     Rule{oid::kCrlDistributionPoints, false},
                                     Rule{oid::kAuthorityInformationAccess, false},
                                     Rule{oid::kNoRevocationAvailable, false}};
  for (const auto& rule : kRules) {
    const auto* extension = s.tbs.find(rule.oid);
    if (extension != nullptr && extension->critical != rule.critical)
      s.say("extension.critical", name_of(rule.oid), rule.critical ? "must be critical" : "must not be critical");
  }
}

void basic(const Subject5280& s) {
  const auto* extension = s.tbs.find(oid::kBasicConstraints);
  if (extension == nullptr) return;
  const auto constraints = basic_constraints(extension->value);
  if (constraints.default_written) s.say("basic.default", "basicConstraints", "spells out cA FALSE");
  if (constraints.authority && !extension->critical)
    s.say("basic.critical", "basicConstraints", "must be critical in an authority's certificate");
  if (constraints.path_length && !constraints.authority)
    s.say("basic.path-length", "basicConstraints", "has a path length without cA");
  if (s.issuer == nullptr || !constraints.authority || !s.issuer->path_length) return;
  if (*s.issuer->path_length == 0)
    s.say("basic.issuer", "basicConstraints", "the issuer's path length 0 allows no authority below it");
}

void usage(const Subject5280& s) {
  const auto* extension = s.tbs.find(oid::kKeyUsage);
  const bool authority = s.constraints().authority;
  if (extension == nullptr) {
    if (authority) s.say("key-usage.present", "keyUsage", "is missing in an authority's certificate");
    return;
  }
  const auto bits = key_usage(extension->value);
  const bool signs = std::ranges::count(bits.set, *key_usage_bit("keyCertSign")) != 0;
  if (bits.set.empty()) s.say("key-usage.empty", "keyUsage", "has no bit set");
  if (bits.trailing_zeros) s.say("key-usage.zeros", "keyUsage", "has trailing zero bits, which DER forbids");
  if (signs && !authority) s.say("key-usage.sign", "keyUsage", "keyCertSign without basicConstraints cA");
  if (authority && !signs) s.say("key-usage.sign", "keyUsage", "an authority without keyCertSign");
}

void key_ids(const Subject5280& s) {
  const auto* own = s.tbs.find(oid::kSubjectKeyIdentifier);
  const auto* issuers = s.tbs.find(oid::kAuthorityKeyIdentifier);
  if (own == nullptr && s.constraints().authority)
    s.say("ski.present", "subjectKeyIdentifier", "is missing in an authority's certificate");
  if (issuers == nullptr && !s.self_issued()) s.say("aki.present", "authorityKeyIdentifier", "is missing");
  if (issuers == nullptr) return;
  const auto id = authority_key_id(issuers->value);
  if (id.empty()) s.say("aki.key-id", "authorityKeyIdentifier", "has no keyIdentifier");
  if (s.issuer != nullptr && id != s.issuer->key_id)
    s.say("aki.issuer", "authorityKeyIdentifier", "is not the issuer's subjectKeyIdentifier");
}

void issuer_fits(const Subject5280& s) {
  if (s.tbs.issuer.size() <= 2) s.say("issuer.empty", "issuer", "is empty");
  if (s.issuer == nullptr) return;
  if (!std::ranges::equal(s.tbs.issuer, s.issuer->subject))
    s.say("issuer.name", "issuer", "is not, byte for byte, the subject of authority " + s.issuer->name);
  if (!std::ranges::equal(s.tbs.signature_algorithm, s.issuer->signature_algorithm))
    s.say("signature.algorithm", "signature", "is not what the key of authority " + s.issuer->name + " signs with");
}

void alternative_name(const Subject5280& s, const GeneralName& name) {
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

void alternative_names(const Subject5280& s) {
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

}  // namespace

std::vector<Finding> lint_rfc5280(const Tbs& tbs, const IssuerFacts* issuer) {
  std::vector<Finding> findings;
  const Subject5280 subject{tbs, issuer, findings};
  for (const auto rule : {version, serial, issuer_fits, validity, subject_name, public_key, extensions_once,
                          criticality, basic, usage, key_ids, alternative_names})
    rule(subject);
  return findings;
}

}  // namespace lamp::pki
