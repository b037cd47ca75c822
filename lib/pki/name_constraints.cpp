#include <algorithm>

#include "lib/pki/certificate.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/general_name.hpp"
#include "lib/pki/names.hpp"

namespace lamp::pki {
namespace {

constexpr auto kOtherName = der::constructed_context(0);
constexpr auto kDirectoryName = der::constructed_context(4);

/// AnotherName of RFC 5280 section 4.2.1.6; HardwareModuleName of RFC 4108 section 5.
void read_other_name(ByteView content, GeneralName& name) {
  der::Reader fields{content};
  name.other_type = der::object_id(fields.next(der::kObjectId, "otherName").content);
  auto value = fields.enter(der::constructed_context(0), "otherName's value");
  fields.end("otherName");
  if (name.other_type != oid::kHardwareModuleName) return;
  auto module = value.enter(der::kSequence, "hardwareModuleName");
  value.end("hardwareModuleName");
  name.hardware_type = der::object_id(module.next(der::kObjectId, "hwType").content);
  name.hardware_serial = to_text(module.next(der::kOctetString, "hwSerialNum").content);
  module.end("hardwareModuleName");
}

GeneralName read_general_name(const der::Item& item) {
  GeneralName name;
  name.tag = item.tag;
  if (item.tag == kOtherName)
    read_other_name(item.content, name);
  else
    name.text = to_text(item.content);
  return name;
}

std::vector<GeneralName> read_subtrees(ByteView content, NameConstraints& constraints) {
  std::vector<GeneralName> subtrees;
  der::Reader list{content};
  do {
    auto fields = list.enter(der::kSequence, "general subtree");
    subtrees.push_back(read_general_name(fields.next("general subtree's base")));
    for (const unsigned number : {0U, 1U})
      if (fields.next_if(der::context(number), "general subtree's distance")) constraints.distances = true;
    fields.end("general subtree");
  } while (!list.at_end());
  return subtrees;
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

/// One's own name, or with labels added to the left.
bool within_domain(std::string_view host, std::string_view domain) {
  if (domain.empty() || host == domain) return true;
  if (domain.starts_with('.')) return host.ends_with(domain);
  return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.';
}

/// For mail and URI a plain name is that host alone, and ".name" all hosts below it.
bool within_hosts(std::string_view host, std::string_view constraint) {
  return constraint.starts_with('.') ? host.size() > constraint.size() && host.ends_with(constraint)
                                     : host == constraint;
}

bool within_mail(const std::string& address, const std::string& constraint) {
  const auto at = address.rfind('@');
  if (at == std::string::npos) return false;
  const auto host = lower(std::string_view{address}.substr(at + 1));
  const auto limit = constraint.rfind('@');
  if (limit == std::string::npos) return within_hosts(host, lower(constraint));
  return address.substr(0, at) == constraint.substr(0, limit) &&
         host == lower(std::string_view{constraint}.substr(limit + 1));
}

bool within_addresses(std::string_view address, std::string_view range) {
  const auto size = address.size();
  if (range.size() != 2 * size) return false;
  for (std::size_t i = 0; i < size; ++i)
    if (((address[i] ^ range[i]) & range[size + i]) != 0) return false;
  return true;
}

/// A constraint on directories is the beginning of a name, RDN by RDN.
bool within_directory(std::string_view name, std::string_view constraint) {
  der::Reader names{as_bytes(name)}, limits{as_bytes(constraint)};
  auto rdns = names.enter(der::kSequence, "directoryName");
  auto wanted = limits.enter(der::kSequence, "directoryName");
  while (!wanted.at_end()) {
    if (rdns.at_end()) return false;
    if (!std::ranges::equal(rdns.next("directoryName").whole, wanted.next("directoryName").whole)) return false;
  }
  return true;
}

}  // namespace

std::vector<GeneralName> general_names(ByteView value) {
  der::Reader outer{value};
  auto list = outer.enter(der::kSequence, "general names");
  outer.end("general names");
  std::vector<GeneralName> names;
  do names.push_back(read_general_name(list.next("general name")));
  while (!list.at_end());
  return names;
}

NameConstraints name_constraints(ByteView value) {
  der::Reader outer{value};
  auto fields = outer.enter(der::kSequence, "nameConstraints");
  outer.end("nameConstraints");
  NameConstraints constraints;
  if (const auto permitted = fields.next_if(der::constructed_context(0), "permittedSubtrees"))
    constraints.permitted = read_subtrees(permitted->content, constraints);
  if (const auto excluded = fields.next_if(der::constructed_context(1), "excludedSubtrees"))
    constraints.excluded = read_subtrees(excluded->content, constraints);
  fields.end("nameConstraints");
  return constraints;
}

bool within_subtree(const GeneralName& name, const GeneralName& subtree) {
  if (name.tag != subtree.tag) return false;
  if (name.tag == kDirectoryName) return within_directory(name.text, subtree.text);
  if (name.tag == name_tag(NameKind::dns)) return within_domain(lower(name.text), lower(subtree.text));
  if (name.tag == name_tag(NameKind::email)) return within_mail(name.text, subtree.text);
  if (name.tag == name_tag(NameKind::uri)) return within_hosts(lower(uri_host(name.text)), lower(subtree.text));
  if (name.tag == name_tag(NameKind::ip)) return within_addresses(name.text, subtree.text);
  return name.text == subtree.text && name.other_type == subtree.other_type;
}

std::vector<GeneralName> constrained_names(const Tbs& tbs) {
  std::vector<GeneralName> names;
  if (const auto* extension = tbs.find(oid::kSubjectAlternativeName)) names = general_names(extension->value);
  for (const auto& attribute : tbs.subject_attributes) {
    if (attribute.oid != oid::kMailAddress) continue;
    GeneralName mail;
    mail.tag = name_tag(NameKind::email);
    mail.text = attribute.text;
    names.push_back(std::move(mail));
  }
  if (tbs.subject_attributes.empty()) return names;
  GeneralName directory;
  directory.tag = kDirectoryName;
  directory.text = to_text(tbs.subject);
  names.push_back(std::move(directory));
  return names;
}

}  // namespace lamp::pki
