#include "lib/pki/names.hpp"

#include <algorithm>
#include <array>

namespace lamp::pki {
namespace {

struct Known {
  std::string_view name, dotted;
};

constexpr std::array kAttributes{
    Known{"CN", "2.5.4.3"}, Known{"serialNumber", "2.5.4.5"}, Known{"C", "2.5.4.6"},   Known{"L", "2.5.4.7"},
    Known{"ST", "2.5.4.8"}, Known{"O", "2.5.4.10"},           Known{"OU", "2.5.4.11"},
};

constexpr std::array kPurposes{
    Known{"serverAuth", "1.3.6.1.5.5.7.3.1"},   Known{"clientAuth", "1.3.6.1.5.5.7.3.2"},
    Known{"codeSigning", "1.3.6.1.5.5.7.3.3"},  Known{"emailProtection", "1.3.6.1.5.5.7.3.4"},
    Known{"timeStamping", "1.3.6.1.5.5.7.3.8"}, Known{"OCSPSigning", "1.3.6.1.5.5.7.3.9"},
    Known{"cmcRA", "1.3.6.1.5.5.7.3.28"},
};

constexpr std::array kOthers{
    Known{"subjectKeyIdentifier", oid::kSubjectKeyIdentifier},
    Known{"keyUsage", oid::kKeyUsage},
    Known{"subjectAltName", oid::kSubjectAlternativeName},
    Known{"basicConstraints", oid::kBasicConstraints},
    Known{"cRLNumber", oid::kCrlNumber},
    Known{"reasonCode", oid::kReasonCode},
    Known{"issuingDistributionPoint", oid::kIssuingDistributionPoint},
    Known{"nameConstraints", oid::kNameConstraints},
    Known{"cRLDistributionPoints", oid::kCrlDistributionPoints},
    Known{"certificatePolicies", oid::kCertificatePolicies},
    Known{"authorityKeyIdentifier", oid::kAuthorityKeyIdentifier},
    Known{"policyConstraints", oid::kPolicyConstraints},
    Known{"extKeyUsage", oid::kExtendedKeyUsage},
    Known{"inhibitAnyPolicy", oid::kInhibitAnyPolicy},
    Known{"hardwareModuleName", oid::kHardwareModuleName},
    Known{"deltaCRLIndicator", oid::kDeltaCrlIndicator},
    Known{"certificateIssuer", oid::kCertificateIssuer},
    Known{"freshestCRL", oid::kFreshestCrl},
    Known{"noRevAvail", oid::kNoRevocationAvailable},
    Known{"authorityInfoAccess", oid::kAuthorityInformationAccess},
    Known{"ocspNoCheck", oid::kOcspNoCheck},
    Known{"emailAddress", oid::kMailAddress},
    Known{"RSA", oid::kRsa},
    Known{"P-256", oid::kP256},
    Known{"P-384", oid::kP384},
    Known{"ecdsa-with-SHA256", oid::kEcdsaSha256},
    Known{"ecdsa-with-SHA384", oid::kEcdsaSha384},
};

constexpr std::array<std::string_view, kKeyUsageBits> kKeyUsageNames{
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign",      "cRLSign",        "encipherOnly",    "decipherOnly",
};

template <class Table>
std::optional<std::string_view> dotted_of(const Table& table, std::string_view name) noexcept {
  const auto found = std::find_if(table.begin(), table.end(), [&](const Known& k) { return k.name == name; });
  if (found == table.end()) return std::nullopt;
  return found->dotted;
}

template <class Table>
std::string_view name_in(const Table& table, std::string_view dotted) noexcept {
  const auto found = std::find_if(table.begin(), table.end(), [&](const Known& k) { return k.dotted == dotted; });
  return found == table.end() ? std::string_view{} : found->name;
}

}  // namespace

std::optional<std::string_view> attribute_oid(std::string_view name) noexcept { return dotted_of(kAttributes, name); }

std::optional<std::string_view> extended_key_usage_oid(std::string_view name) noexcept {
  return dotted_of(kPurposes, name);
}

std::string_view name_of(std::string_view dotted) noexcept {
  for (const auto name : {name_in(kAttributes, dotted), name_in(kPurposes, dotted), name_in(kOthers, dotted)})
    if (!name.empty()) return name;
  return dotted;
}

std::optional<unsigned> key_usage_bit(std::string_view name) noexcept {
  const auto found = std::find(kKeyUsageNames.begin(), kKeyUsageNames.end(), name);
  if (found == kKeyUsageNames.end()) return std::nullopt;
  return static_cast<unsigned>(found - kKeyUsageNames.begin());
}

std::string_view key_usage_name(unsigned bit) noexcept {
  return bit < kKeyUsageNames.size() ? kKeyUsageNames[bit] : std::string_view{"unknown"};
}

}  // namespace lamp::pki
