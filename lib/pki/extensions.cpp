#include "lib/pki/extensions.hpp"

#include "lib/base/error.hpp"
#include "lib/pki/der_writer.hpp"
#include "lib/pki/names.hpp"

namespace lamp::pki {
namespace {

constexpr std::uint8_t kTagNumber = 0x1F;

void encode_general_name(der::Writer& der, NameKind kind, ByteView content) {
  der.add(der::context(name_tag(kind) & kTagNumber), content);
}

/// otherName [0] { type-id, [0] HardwareModuleName }, RFC 4108 section 5.
void encode_hardware_module(der::Writer& der, const std::string& type, const std::string& serial) {
  der.begin(der::constructed_context(0)).object_id(oid::kHardwareModuleName).begin(der::constructed_context(0));
  der.begin(der::kSequence).object_id(type).add(der::kOctetString, serial).end();
  der.end().end();
}

void encode_subtrees(der::Writer& der, unsigned number,
                     const std::vector<std::pair<NameConstraint, std::string>>& names) {
  if (names.empty()) return;
  der.begin(der::constructed_context(number));
  for (const auto& [rule, value] : names)
    for (const auto& content : subtree_contents(rule.kind, value)) {
      der.begin(der::kSequence);
      encode_general_name(der, rule.kind, content);
      der.end();
    }
  der.end();
}

void encode_access(der::Writer& der, std::string_view method, const std::string& url) {
  der.begin(der::kSequence).object_id(method);
  encode_general_name(der, NameKind::uri, as_bytes(url));
  der.end();
}

Bytes encode_null_extension(std::string_view dotted) {
  return encode_extension(dotted, false, der::Writer{}.null().take());
}

}  // namespace

Bytes encode_alternative_names(const Contents& contents) {
  if (contents.alternative_names.empty()) return {};
  der::Writer der;
  der.begin(der::kSequence);
  for (const auto& [rule, text] : contents.alternative_names) {
    if (rule.kind == NameKind::hardware_module)
      encode_hardware_module(der, rule.hardware_type, text);
    else
      encode_general_name(der, rule.kind, name_content(rule.kind, text));
  }
  der.end();
  // RFC 5280 section 4.1.2.6: critical when there is no subject to go by.
  return encode_extension(oid::kSubjectAlternativeName, contents.subject.empty(), der.take());
}

Bytes encode_name_constraints(const Contents& contents) {
  if (contents.permitted.empty() && contents.excluded.empty()) return {};
  der::Writer der;
  der.begin(der::kSequence);
  encode_subtrees(der, 0, contents.permitted);
  encode_subtrees(der, 1, contents.excluded);
  der.end();
  return encode_extension(oid::kNameConstraints, true, der.take());
}

Bytes encode_information_access(const Profile& profile) {
  if (!profile.ocsp_url && !profile.issuer_url) return {};
  der::Writer der;
  der.begin(der::kSequence);
  if (profile.ocsp_url) encode_access(der, oid::kAccessOcsp, *profile.ocsp_url);
  if (profile.issuer_url) encode_access(der, oid::kAccessIssuers, *profile.issuer_url);
  der.end();
  return encode_extension(oid::kAuthorityInformationAccess, false, der.take());
}

Bytes encode_no_revocation_available(const Profile& profile) {
  return profile.no_revocation_available ? encode_null_extension(oid::kNoRevocationAvailable) : Bytes{};
}

Bytes encode_ocsp_no_check(const Profile& profile) {
  return profile.ocsp_no_check ? encode_null_extension(oid::kOcspNoCheck) : Bytes{};
}

}  // namespace lamp::pki
