#include "lib/pki/extensions.hpp"

#include <botan/asn1_obj.h>
#include <botan/der_enc.h>

#include "lib/base/error.hpp"
#include "lib/pki/names.hpp"

namespace lamp::pki {
namespace {

using Botan::ASN1_Class;
using Botan::ASN1_Type;
using Botan::DER_Encoder;
using Botan::OID;

constexpr std::uint8_t kTagNumber = 0x1F;

void encode_general_name(DER_Encoder& der, NameKind kind, ByteView content) {
  const auto tag = ASN1_Type{static_cast<std::uint32_t>(name_tag(kind) & kTagNumber)};
  der.add_object(tag, ASN1_Class::ContextSpecific, content.data(), content.size());
}

/// otherName [0] { type-id, [0] HardwareModuleName }, RFC 4108 section 5.
void encode_hardware_module(DER_Encoder& der, const std::string& type, const std::string& serial) {
  der.start_context_specific(0).encode(OID{oid::kHardwareModuleName}).start_explicit_context_specific(0);
  der.start_sequence().encode(OID{type}).add_object(ASN1_Type::OctetString, ASN1_Class::Universal, serial).end_cons();
  der.end_cons().end_cons();
}

void encode_subtrees(DER_Encoder& der, unsigned number,
                     const std::vector<std::pair<NameConstraint, std::string>>& names) {
  if (names.empty()) return;
  der.start_context_specific(number);
  for (const auto& [rule, value] : names)
    for (const auto& content : subtree_contents(rule.kind, value)) {
      der.start_sequence();
      encode_general_name(der, rule.kind, content);
      der.end_cons();
    }
  der.end_cons();
}

void encode_access(DER_Encoder& der, std::string_view method, const std::string& url) {
  der.start_sequence().encode(OID{method});
  encode_general_name(der, NameKind::uri, as_bytes(url));
  der.end_cons();
}

Bytes encode_null_extension(std::string_view dotted) {
  Bytes value;
  DER_Encoder{value}.encode_null();
  return encode_extension(dotted, false, value);
}

}  // namespace

Bytes encode_alternative_names(const Contents& contents) {
  if (contents.alternative_names.empty()) return {};
  Bytes value;
  DER_Encoder der{value};
  der.start_sequence();
  for (const auto& [rule, text] : contents.alternative_names) {
    if (rule.kind == NameKind::hardware_module)
      encode_hardware_module(der, rule.hardware_type, text);
    else
      encode_general_name(der, rule.kind, name_content(rule.kind, text));
  }
  der.end_cons();
  // RFC 5280 section 4.1.2.6: critical when there is no subject to go by.
  return encode_extension(oid::kSubjectAlternativeName, contents.subject.empty(), value);
}

Bytes encode_name_constraints(const Contents& contents) {
  if (contents.permitted.empty() && contents.excluded.empty()) return {};
  Bytes value;
  DER_Encoder der{value};
  der.start_sequence();
  encode_subtrees(der, 0, contents.permitted);
  encode_subtrees(der, 1, contents.excluded);
  der.end_cons();
  return encode_extension(oid::kNameConstraints, true, value);
}

Bytes encode_information_access(const Profile& profile) {
  if (!profile.ocsp_url && !profile.issuer_url) return {};
  Bytes value;
  DER_Encoder der{value};
  der.start_sequence();
  if (profile.ocsp_url) encode_access(der, oid::kAccessOcsp, *profile.ocsp_url);
  if (profile.issuer_url) encode_access(der, oid::kAccessIssuers, *profile.issuer_url);
  der.end_cons();
  return encode_extension(oid::kAuthorityInformationAccess, false, value);
}

Bytes encode_no_revocation_available(const Profile& profile) {
  return profile.no_revocation_available ? encode_null_extension(oid::kNoRevocationAvailable) : Bytes{};
}

Bytes encode_ocsp_no_check(const Profile& profile) {
  return profile.ocsp_no_check ? encode_null_extension(oid::kOcspNoCheck) : Bytes{};
}

}  // namespace lamp::pki
