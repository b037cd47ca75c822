// The names that profiles use for object identifiers and key usage bits: one table each, read in both directions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lamp::pki {

namespace oid {
inline constexpr std::string_view kSubjectKeyIdentifier = "2.5.29.14";
inline constexpr std::string_view kKeyUsage = "2.5.29.15";
inline constexpr std::string_view kSubjectAlternativeName = "2.5.29.17";
inline constexpr std::string_view kBasicConstraints = "2.5.29.19";
inline constexpr std::string_view kCrlNumber = "2.5.29.20";
inline constexpr std::string_view kReasonCode = "2.5.29.21";
inline constexpr std::string_view kIssuingDistributionPoint = "2.5.29.28";
inline constexpr std::string_view kNameConstraints = "2.5.29.30";
inline constexpr std::string_view kCrlDistributionPoints = "2.5.29.31";
inline constexpr std::string_view kCertificatePolicies = "2.5.29.32";
inline constexpr std::string_view kAuthorityKeyIdentifier = "2.5.29.35";
inline constexpr std::string_view kPolicyConstraints = "2.5.29.36";
inline constexpr std::string_view kExtendedKeyUsage = "2.5.29.37";
inline constexpr std::string_view kInhibitAnyPolicy = "2.5.29.54";
inline constexpr std::string_view kDeltaCrlIndicator = "2.5.29.27";
inline constexpr std::string_view kCertificateIssuer = "2.5.29.29";
inline constexpr std::string_view kFreshestCrl = "2.5.29.46";
inline constexpr std::string_view kNoRevocationAvailable = "2.5.29.56";
inline constexpr std::string_view kAuthorityInformationAccess = "1.3.6.1.5.5.7.1.1";
inline constexpr std::string_view kAccessOcsp = "1.3.6.1.5.5.7.48.1";
inline constexpr std::string_view kAccessIssuers = "1.3.6.1.5.5.7.48.2";
inline constexpr std::string_view kOcspNoCheck = "1.3.6.1.5.5.7.48.1.5";
inline constexpr std::string_view kHardwareModuleName = "1.3.6.1.5.5.7.8.4";
inline constexpr std::string_view kEcPublicKey = "1.2.840.10045.2.1";
inline constexpr std::string_view kRsa = "1.2.840.113549.1.1.1";
inline constexpr std::string_view kP256 = "1.2.840.10045.3.1.7";
inline constexpr std::string_view kP384 = "1.3.132.0.34";
inline constexpr std::string_view kEcdsaSha256 = "1.2.840.10045.4.3.2";
inline constexpr std::string_view kEcdsaSha384 = "1.2.840.10045.4.3.3";
inline constexpr std::string_view kSha1 = "1.3.14.3.2.26";
inline constexpr std::string_view kSha256 = "2.16.840.1.101.3.4.2.1";
inline constexpr std::string_view kOcspSigning = "1.3.6.1.5.5.7.3.9";
inline constexpr std::string_view kOcspBasic = "1.3.6.1.5.5.7.48.1.1";
inline constexpr std::string_view kOcspNonce = "1.3.6.1.5.5.7.48.1.2";
inline constexpr std::string_view kSerialNumber = "2.5.4.5";
inline constexpr std::string_view kCountry = "2.5.4.6";
inline constexpr std::string_view kMailAddress = "1.2.840.113549.1.9.1";
}  // namespace oid

/// "CN" -> "2.5.4.3"; nothing when it is none of the attributes that profiles may use.
[[nodiscard]] std::optional<std::string_view> attribute_oid(std::string_view name) noexcept;
/// The name of any object identifier that we know, else the dotted text itself.
[[nodiscard]] std::string_view name_of(std::string_view dotted) noexcept;

/// RFC 5280 section 4.2.1.12: "serverAuth" -> dotted.
[[nodiscard]] std::optional<std::string_view> extended_key_usage_oid(std::string_view name) noexcept;

/// RFC 5280 section 4.2.1.3: "digitalSignature" -> 0, ... "decipherOnly" -> 8.
[[nodiscard]] std::optional<unsigned> key_usage_bit(std::string_view name) noexcept;
[[nodiscard]] std::string_view key_usage_name(unsigned bit) noexcept;
inline constexpr unsigned kKeyUsageBits = 9;

}  // namespace lamp::pki
