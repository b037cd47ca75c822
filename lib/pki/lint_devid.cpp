// Rules of IEEE 802.1AR for the identity that a device keeps for life.
#include <algorithm>

#include "lib/pki/lint_subject.hpp"

namespace lamp::pki {

std::vector<Finding> lint_802_1ar(const Tbs& tbs) {
  std::vector<Finding> findings;
  const auto say = [&](std::string_view rule, std::string_view field, std::string says) {
    findings.push_back({"802.1ar." + std::string{rule}, std::string{field}, std::move(says)});
  };
  if (tbs.not_after.instant() != kNoEnd)
    say("no-end", "notAfter", "is '" + tbs.not_after.text + "', not 99991231235959Z");
  const auto is_serial = [](const NameAttribute& a) { return a.oid == oid::kSerialNumber; };
  const auto serials = std::count_if(tbs.subject_attributes.begin(), tbs.subject_attributes.end(), is_serial);
  if (serials != 1) say("serial-number", "subject", "has " + std::to_string(serials) + " serialNumbers, not one");
  const auto* basic = tbs.find(oid::kBasicConstraints);
  if (basic != nullptr && basic_constraints(basic->value).authority)
    say("end-entity", "basicConstraints", "a device identity is no authority");
  const auto* usage = tbs.find(oid::kKeyUsage);
  if (usage == nullptr || std::ranges::count(key_usage(usage->value).set, 0U) == 0)
    say("key-usage", "keyUsage", "lacks digitalSignature");
  if (tbs.subject_attributes.empty()) say("subject", "subject", "is empty");
  if (tbs.find(oid::kAuthorityKeyIdentifier) == nullptr) say("aki", "authorityKeyIdentifier", "is missing");
  const auto* names = tbs.find(oid::kSubjectAlternativeName);
  if (names == nullptr) return findings;
  for (const auto& name : general_names(names->value))
    if (name.other_type == oid::kHardwareModuleName && name.hardware_serial.empty())
      say("hardware-module", "subjectAltName", "has a hardwareModuleName without hwSerialNum");
  return findings;
}

}  // namespace lamp::pki
