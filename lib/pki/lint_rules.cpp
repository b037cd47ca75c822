#include <algorithm>
#include <array>

#include "lib/pki/lint.hpp"

namespace lamp::pki {
namespace {

// In the order in which a certificate, then a list, is read.
constexpr std::array kRules{
    LintRule{"rfc5280.der", "RFC 5280 section 4.1, X.690 section 10"},
    LintRule{"rfc5280.version", "RFC 5280 section 4.1.2.1"},
    LintRule{"rfc5280.serial.positive", "RFC 5280 section 4.1.2.2"},
    LintRule{"rfc5280.serial.length", "RFC 5280 section 4.1.2.2"},
    LintRule{"rfc5280.signature.algorithm", "RFC 5280 section 4.1.2.3"},
    LintRule{"rfc5280.signature.parameters", "RFC 4055 section 5, RFC 5758 section 3.2, RFC 8410 section 3"},
    LintRule{"rfc5280.signature.weak", "NIST SP 800-131A section 3"},
    LintRule{"rfc5280.signature.same", "RFC 5280 section 4.1.1.2"},
    LintRule{"rfc5280.issuer.empty", "RFC 5280 section 4.1.2.4"},
    LintRule{"rfc5280.issuer.name", "RFC 5280 section 4.1.2.4"},
    LintRule{"rfc5280.issuer.authority", "RFC 5280 section 6.1.4 (k), (n)"},
    LintRule{"rfc5280.time.form", "RFC 5280 section 4.1.2.5"},
    LintRule{"rfc5280.time.type", "RFC 5280 section 4.1.2.5"},
    LintRule{"rfc5280.validity.order", "RFC 5280 section 4.1.2.5"},
    LintRule{"rfc5280.validity.issuer", "RFC 5280 section 6.1.3 (a)"},
    LintRule{"rfc5280.name.string", "RFC 5280 section 4.1.2.4, appendix A.1"},
    LintRule{"rfc5280.name.characters", "X.680 section 41, RFC 3629 section 3"},
    LintRule{"rfc5280.name.empty", "RFC 5280 appendix A.1"},
    LintRule{"rfc5280.name.length", "RFC 5280 appendix A.1"},
    LintRule{"rfc5280.name.country", "RFC 5280 appendix A.1"},
    LintRule{"rfc5280.subject.empty", "RFC 5280 section 4.1.2.6"},
    LintRule{"rfc5280.key.curve", "RFC 5480 section 2.1.1"},
    LintRule{"rfc5280.key.point", "RFC 5480 section 2.2"},
    LintRule{"rfc5280.key.size", "NIST SP 800-131A section 3"},
    LintRule{"rfc5280.key.exponent", "FIPS 186-5 section 5.1"},
    LintRule{"rfc5280.unique-id", "RFC 5280 section 4.1.2.8"},
    LintRule{"rfc5280.extension.once", "RFC 5280 section 4.2"},
    LintRule{"rfc5280.extension.default", "X.690 section 11.5"},
    LintRule{"rfc5280.extension.critical", "RFC 5280 sections 4.2.1, 4.2.2, 5.2, 5.3"},
    LintRule{"rfc5280.extension.unknown", "RFC 5280 section 4.2"},
    LintRule{"rfc5280.aki.present", "RFC 5280 sections 4.2.1.1, 5.2.1"},
    LintRule{"rfc5280.aki.key-id", "RFC 5280 section 4.2.1.1"},
    LintRule{"rfc5280.aki.issuer", "RFC 5280 section 4.2.1.1"},
    LintRule{"rfc5280.aki.pair", "RFC 5280 section 4.2.1.1"},
    LintRule{"rfc5280.ski.present", "RFC 5280 section 4.2.1.2"},
    LintRule{"rfc5280.ski.empty", "RFC 5280 section 4.2.1.2"},
    LintRule{"rfc5280.key-usage.present", "RFC 5280 section 4.2.1.3"},
    LintRule{"rfc5280.key-usage.empty", "RFC 5280 section 4.2.1.3"},
    LintRule{"rfc5280.key-usage.zeros", "X.690 section 11.2.2"},
    LintRule{"rfc5280.key-usage.sign", "RFC 5280 section 4.2.1.9"},
    LintRule{"rfc5280.key-usage.kind", "RFC 8813 section 3"},
    LintRule{"rfc5280.key-usage.only", "RFC 5280 section 4.2.1.3"},
    LintRule{"rfc5280.policies.once", "RFC 5280 section 4.2.1.4"},
    LintRule{"rfc5280.san.critical", "RFC 5280 section 4.2.1.6"},
    LintRule{"rfc5280.san.dns", "RFC 5280 section 4.2.1.6"},
    LintRule{"rfc5280.san.email", "RFC 5280 section 4.2.1.6"},
    LintRule{"rfc5280.san.uri", "RFC 5280 section 4.2.1.6"},
    LintRule{"rfc5280.san.ip", "RFC 5280 section 4.2.1.6"},
    LintRule{"rfc5280.san.once", "RFC 5280 section 4.2.1.6"},
    LintRule{"rfc5280.basic.default", "X.690 section 11.5"},
    LintRule{"rfc5280.basic.critical", "RFC 5280 section 4.2.1.9"},
    LintRule{"rfc5280.basic.path-length", "RFC 5280 section 4.2.1.9"},
    LintRule{"rfc5280.basic.issuer", "RFC 5280 section 6.1.4 (l)"},
    LintRule{"rfc5280.name-constraints.authority", "RFC 5280 section 4.2.1.10"},
    LintRule{"rfc5280.name-constraints.empty", "RFC 5280 section 4.2.1.10"},
    LintRule{"rfc5280.name-constraints.distance", "RFC 5280 section 4.2.1.10"},
    LintRule{"rfc5280.name-constraints.form", "RFC 5280 section 4.2.1.10"},
    LintRule{"rfc5280.name-constraints.permitted", "RFC 5280 section 6.1.3 (b)"},
    LintRule{"rfc5280.name-constraints.excluded", "RFC 5280 section 6.1.3 (c)"},
    LintRule{"rfc5280.policy-constraints.authority", "RFC 5280 sections 4.2.1.11, 4.2.1.14"},
    LintRule{"rfc5280.policy-constraints.empty", "RFC 5280 section 4.2.1.11"},
    LintRule{"rfc5280.eku.once", "RFC 5280 section 4.2.1.12"},
    LintRule{"rfc5280.eku.any", "RFC 5280 section 4.2.1.12"},
    LintRule{"rfc5280.eku.key-usage", "RFC 5280 section 4.2.1.12"},
    LintRule{"rfc5280.crl-points.name", "RFC 5280 section 4.2.1.13"},
    LintRule{"rfc5280.crl-points.uri", "RFC 5280 section 4.2.1.13"},
    LintRule{"rfc5280.info-access.uri", "RFC 5280 section 4.2.2.1"},
    LintRule{"rfc5280.crl.version", "RFC 5280 section 5.1.2.1"},
    LintRule{"rfc5280.crl.issuer", "RFC 5280 section 6.3.3 (f)"},
    LintRule{"rfc5280.crl.next-update", "RFC 5280 section 5.1.2.5"},
    LintRule{"rfc5280.crl.order", "RFC 5280 section 5.1.2.5"},
    LintRule{"rfc5280.crl.number", "RFC 5280 section 5.2.3"},
    LintRule{"rfc5280.crl.empty", "RFC 5280 section 5.1.2.6"},
    LintRule{"rfc5280.crl.once", "RFC 5280 section 5.1.2.6"},
    LintRule{"rfc5280.crl.reason", "RFC 5280 section 5.3.1"},
    LintRule{"rfc3161.eku", "RFC 3161 section 2.3"},
    LintRule{"rfc6960.no-check.value", "RFC 6960 section 4.2.2.2.1"},
    LintRule{"rfc6960.no-check.purpose", "RFC 6960 section 4.2.2.2"},
    LintRule{"rfc9608.value", "RFC 9608 section 2"},
    LintRule{"rfc9608.critical", "RFC 9608 section 2"},
    LintRule{"rfc9608.authority", "RFC 9608 section 3"},
    LintRule{"rfc9608.pointer", "RFC 9608 section 3"},
    LintRule{"802.1ar.subject", "IEEE 802.1AR-2018 section 8, subject"},
    LintRule{"802.1ar.serial-number", "IEEE 802.1AR-2018 section 8, subject"},
    LintRule{"802.1ar.no-end", "IEEE 802.1AR-2018 section 8, validity"},
    LintRule{"802.1ar.end-entity", "IEEE 802.1AR-2018 section 8, extensions"},
    LintRule{"802.1ar.key-usage", "IEEE 802.1AR-2018 section 8, keyUsage"},
    LintRule{"802.1ar.aki", "IEEE 802.1AR-2018 section 8, authorityKeyIdentifier"},
    LintRule{"802.1ar.hardware-module", "IEEE 802.1AR-2018 section 8, subjectAltName; RFC 4108 section 5"},
};

}  // namespace

std::span<const LintRule> lint_rules() noexcept { return kRules; }

std::string_view clause_of(std::string_view rule) noexcept {
  const auto found = std::ranges::find(kRules, rule, &LintRule::name);
  return found == kRules.end() ? std::string_view{"the profile"} : found->clause;
}

}  // namespace lamp::pki
