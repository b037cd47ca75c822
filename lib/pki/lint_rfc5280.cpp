#include <algorithm>
#include <array>
#include <set>

#include "lib/base/error.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/lint_subject.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

void serial(const LintSubject& s) {
  const auto number = s.tbs.serial;
  if ((number.front() & 0x80U) != 0) s.say("serial.positive", "serialNumber", "is negative");
  if (number.size() == 1 && number.front() == 0) s.say("serial.positive", "serialNumber", "is zero");
  if (number.size() > 20)
    s.say("serial.length", "serialNumber", "has " + std::to_string(number.size()) + " octets; at most 20 are allowed");
}

void version(const LintSubject& s) {
  if (s.tbs.version != 3)
    s.say("version", "version", "is " + std::to_string(s.tbs.version) + " where extensions need 3");
  if (s.tbs.unique_ids) s.say("unique-id", "uniqueIdentifier", "must not be used");
}

void validity(const LintSubject& s) {
  lint_time(s.tbs.not_before, "notBefore", s.findings);
  lint_time(s.tbs.not_after, "notAfter", s.findings);
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

/// Characters in UTF-8, or nothing when it is not well-formed (RFC 3629: no surrogates, no overlong forms).
std::optional<std::size_t> characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const auto lead = static_cast<std::uint8_t>(text[at]);
    const std::size_t size = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
    if (size == 0 || at + size > text.size()) return std::nullopt;
    std::uint32_t point = size == 1 ? lead : lead & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) {
      const auto next = static_cast<std::uint8_t>(text[at + i]);
      if ((next & 0xC0U) != 0x80) return std::nullopt;
      point = point << 6 | (next & 0x3FU);
    }
    const bool overlong = (size == 3 && point < 0x800) || (size == 4 && point < 0x10000);
    if (overlong || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return std::nullopt;
    at += size;
  }
  return count;
}

bool is_printable_string(std::string_view text) {
  constexpr std::string_view kMarks = " '()+,-./:=?";
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

void one_attribute(const LintSubject& s, const NameAttribute& attribute) {
  const auto name = std::string{name_of(attribute.oid)};
  const auto field = "subject " + name;
  const bool printable_only = attribute.oid == oid::kSerialNumber || attribute.oid == oid::kCountry;
  const bool mail = attribute.oid == oid::kMailAddress && attribute.string_type == der::kIa5String;
  if (attribute.string_type != der::kPrintableString && !mail &&
      (printable_only || attribute.string_type != der::kUtf8String))
    s.say("name.string", field, printable_only ? "must be a PrintableString" : "must be PrintableString or UTF8String");
  if (attribute.text.empty()) s.say("name.empty", field, "is empty");
  const bool printable = attribute.string_type == der::kPrintableString;
  const auto count = characters(attribute.text);
  if ((printable && !is_printable_string(attribute.text)) || (attribute.string_type == der::kUtf8String && !count))
    s.say("name.characters", field, "has characters that its string type does not");
  if (attribute_oid(name) && count.value_or(attribute.text.size()) > upper_bound(name))
    s.say("name.length", field, "is longer than " + std::to_string(upper_bound(name)) + " characters");
  const bool letters = std::ranges::all_of(attribute.text, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (name == "C" && (attribute.text.size() != 2 || !letters))
    s.say("name.country", field, "is not two capital letters");
}

void subject_name(const LintSubject& s) {
  if (s.tbs.subject_attributes.empty() && s.constraints().authority)
    s.say("subject.empty", "subject", "is empty in an authority's certificate");
  for (const auto& attribute : s.tbs.subject_attributes) one_attribute(s, attribute);
}

/// NIST SP 800-131A: 112 bits of security.
constexpr std::size_t kSmallestRsa = 2048;

/// The octets of subjectPublicKey.
ByteView key_bits(ByteView public_key_info) {
  der::Reader outer{public_key_info};
  auto info = outer.enter(der::kSequence, "subject public key");
  (void)info.next(der::kSequence, "public key algorithm");
  const auto bits = info.next(der::kBitString, "public key").content;
  info.end("subject public key");
  if (bits.empty() || bits.front() != 0) throw Error{Errc::bad_input, "subject public key: not whole octets"};
  return bits.subspan(1);
}

void rsa_key(const LintSubject& s, std::size_t bits) {
  if (bits < kSmallestRsa)
    s.say("key.size", "subjectPublicKey",
          "RSA with " + std::to_string(bits) + " bits; at least " + std::to_string(kSmallestRsa) + " are needed");
  der::Reader outer{key_bits(s.tbs.public_key)};
  auto numbers = outer.enter(der::kSequence, "RSA public key");
  (void)numbers.next(der::kInteger, "RSA modulus");
  const auto exponent = numbers.next(der::kInteger, "RSA exponent").content;
  der::require_integer(exponent, "RSA exponent");
  const bool small = exponent.size() < 3 || (exponent.size() == 3 && exponent.front() == 0);
  if (small || (exponent.back() & 1U) == 0)
    s.say("key.exponent", "subjectPublicKey", "RSA with an exponent that is even or below 65537");
}

void public_key(const LintSubject& s) {
  if (const auto bits = rsa_bits(s.tbs.public_key)) return rsa_key(s, *bits);
  const auto curve = curve_of(s.tbs.public_key);
  if (curve.empty()) return s.say("key.curve", "subjectPublicKey", "is not on a named curve");
  if (curve != oid::kP256 && curve != oid::kP384)
    return s.say("key.curve", "subjectPublicKey", "curve " + curve + " is not P-256 or P-384");
  const auto point = key_bits(s.tbs.public_key);
  const std::size_t size = curve == oid::kP256 ? 65 : 97;
  if (point.size() != size || point.front() != 0x04)
    s.say("key.point", "subjectPublicKey", "is not an uncompressed point of its curve");
}

void basic(const LintSubject& s) {
  const auto* extension = s.tbs.find(oid::kBasicConstraints);
  if (extension == nullptr) return;
  const auto constraints = basic_constraints(extension->value);
  if (constraints.default_written) s.say("basic.default", "basicConstraints", "spells out cA FALSE");
  if (constraints.authority && !extension->critical)
    s.say("basic.critical", "basicConstraints", "must be critical in an authority's certificate");
  if (constraints.path_length && !constraints.authority)
    s.say("basic.path-length", "basicConstraints", "has a path length without cA");
  if (s.issuer == nullptr || !constraints.authority || !s.issuer->path_length || s.self_issued()) return;
  if (*s.issuer->path_length == 0)
    s.say("basic.issuer", "basicConstraints", "the issuer's path length 0 allows no authority below it");
}

bool is_set(const KeyUsageBits& bits, std::string_view name) {
  return std::ranges::count(bits.set, *key_usage_bit(name)) != 0;
}

/// RFC 8813 and RFC 5280 section 4.2.1.3: what the key's algorithm cannot do.
void usage_of_key(const LintSubject& s, const KeyUsageBits& bits) {
  const bool elliptic = !curve_of(s.tbs.public_key).empty();
  if (elliptic && (is_set(bits, "keyEncipherment") || is_set(bits, "dataEncipherment")))
    s.say("key-usage.kind", "keyUsage", "an elliptic curve key does not encipher");
  if ((is_set(bits, "encipherOnly") || is_set(bits, "decipherOnly")) && !is_set(bits, "keyAgreement"))
    s.say("key-usage.only", "keyUsage", "encipherOnly and decipherOnly mean nothing without keyAgreement");
}

void usage(const LintSubject& s) {
  const auto* extension = s.tbs.find(oid::kKeyUsage);
  const bool authority = s.constraints().authority;
  if (extension == nullptr) {
    if (authority) s.say("key-usage.present", "keyUsage", "is missing in an authority's certificate");
    return;
  }
  const auto bits = key_usage(extension->value);
  const bool signs = is_set(bits, "keyCertSign");
  if (bits.set.empty()) s.say("key-usage.empty", "keyUsage", "has no bit set");
  if (bits.trailing_zeros) s.say("key-usage.zeros", "keyUsage", "has trailing zero bits, which DER forbids");
  if (signs && !authority) s.say("key-usage.sign", "keyUsage", "keyCertSign without basicConstraints cA");
  if (authority && !signs) s.say("key-usage.sign", "keyUsage", "an authority without keyCertSign");
  usage_of_key(s, bits);
}

void issuer_fits(const LintSubject& s) {
  if (s.tbs.issuer.size() <= 2) s.say("issuer.empty", "issuer", "is empty");
  lint_algorithm(s.tbs.signature_algorithm, s.issuer, s.findings);
  if (s.issuer == nullptr) return;
  if (!s.issuer->is_authority || !s.issuer->signs_certificates)
    s.say("issuer.authority", "issuer", s.issuer->name + " is no authority that signs certificates");
  if (!std::ranges::equal(s.tbs.issuer, s.issuer->subject))
    s.say("issuer.name", "issuer", "is not, byte for byte, the subject of authority " + s.issuer->name);
}

/// AlgorithmIdentifiers that certificates may be signed with, and whether NULL belongs to them (RFC 4055, RFC 5758,
/// RFC 8410).
struct SignatureRow {
  std::string_view dotted;
  bool null_parameters;
};
constexpr std::array kSignatures{
    SignatureRow{oid::kEcdsaSha256, false},      SignatureRow{oid::kEcdsaSha384, false},
    SignatureRow{"1.2.840.10045.4.3.4", false},  SignatureRow{"1.3.101.112", false},
    SignatureRow{"1.2.840.113549.1.1.11", true}, SignatureRow{"1.2.840.113549.1.1.12", true},
    SignatureRow{"1.2.840.113549.1.1.13", true},
};
constexpr std::string_view kRsaPss = "1.2.840.113549.1.1.10";

}  // namespace

void lint_algorithm(ByteView algorithm, const IssuerFacts* issuer, std::vector<Finding>& findings) {
  der::Reader outer{algorithm};
  auto fields = outer.enter(der::kSequence, "signature algorithm");
  const auto dotted = der::object_id(fields.next(der::kObjectId, "signature algorithm").content);
  const auto row = std::ranges::find(kSignatures, dotted, &SignatureRow::dotted);
  if (row == kSignatures.end()) {
    if (dotted != kRsaPss)
      findings.push_back({"rfc5280.signature.weak", "signature", "algorithm " + dotted + " is not to be used"});
  } else if (fields.at_end() == row->null_parameters || (row->null_parameters && fields.peek() != der::kNull)) {
    findings.push_back({"rfc5280.signature.parameters", "signature",
                        row->null_parameters ? "lacks the NULL parameters" : "has parameters, even NULL is too much"});
  }
  if (issuer != nullptr && !std::ranges::equal(algorithm, issuer->signature_algorithm))
    findings.push_back({"rfc5280.signature.algorithm", "signature",
                        "is not what the key of authority " + issuer->name + " signs with"});
}

void lint_time(const CertificateTime& time, std::string_view field, std::vector<Finding>& findings) {
  const auto at = time.instant();
  if (!at) {
    findings.push_back(
        {"rfc5280.time.form", std::string{field}, "is not YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ: '" + time.text + "'"});
    return;
  }
  const bool should_be_utc = *at < Instant{std::chrono::sys_days{std::chrono::year{2050} / 1 / 1}};
  if (should_be_utc != (time.tag == der::kUtcTime))
    findings.push_back(
        {"rfc5280.time.type", std::string{field}, "UTCTime is for dates through 2049, GeneralizedTime for later ones"});
}

void lint_extension_frame(const std::vector<Extension>& extensions, std::vector<Finding>& findings) {
  static const std::set<std::string_view> understood{
      oid::kSubjectKeyIdentifier,   oid::kKeyUsage,         oid::kSubjectAlternativeName,   oid::kBasicConstraints,
      oid::kNameConstraints,        oid::kExtendedKeyUsage, oid::kCertificatePolicies,      oid::kPolicyConstraints,
      oid::kAuthorityKeyIdentifier, oid::kInhibitAnyPolicy, oid::kIssuingDistributionPoint, oid::kDeltaCrlIndicator,
      oid::kCertificateIssuer};
  static constexpr std::array kCritical{oid::kKeyUsage,         oid::kNameConstraints,   oid::kPolicyConstraints,
                                        oid::kInhibitAnyPolicy, oid::kDeltaCrlIndicator, oid::kIssuingDistributionPoint,
                                        oid::kCertificateIssuer};
  static constexpr std::array kNotCritical{oid::kSubjectKeyIdentifier,
                                           oid::kAuthorityKeyIdentifier,
                                           oid::kCrlDistributionPoints,
                                           oid::kFreshestCrl,
                                           oid::kAuthorityInformationAccess,
                                           oid::kCrlNumber,
                                           oid::kReasonCode};
  std::set<std::string_view> seen;
  for (const auto& extension : extensions) {
    const auto say = [&](std::string_view rule, std::string_view says) {
      findings.push_back(
          {"rfc5280.extension." + std::string{rule}, std::string{name_of(extension.oid)}, std::string{says}});
    };
    if (!seen.insert(extension.oid).second) say("once", "is there twice");
    if (extension.default_written) say("default", "spells out critical FALSE");
    if (!extension.critical && std::ranges::count(kCritical, extension.oid) != 0) say("critical", "must be critical");
    if (!extension.critical) continue;
    if (std::ranges::count(kNotCritical, extension.oid) != 0)
      say("critical", "must not be critical");
    else if (!understood.contains(extension.oid) && extension.oid != oid::kNoRevocationAvailable)
      say("unknown", "is critical and nobody here understands it");
  }
}

std::vector<Finding> lint_rfc5280(const Tbs& tbs, const IssuerFacts* issuer) {
  std::vector<Finding> findings;
  const LintSubject subject{tbs, issuer, findings};
  for (const auto rule : {version, serial, issuer_fits, validity, subject_name, public_key, basic, usage})
    rule(subject);
  lint_extension_frame(tbs.extensions, findings);
  lint_extensions(subject);
  return findings;
}

}  // namespace lamp::pki
