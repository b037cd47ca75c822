#include "lib/pki/request_values.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "lib/base/error.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/names.hpp"

namespace lamp::pki {
namespace {

void require_plain(const std::string& name, std::string_view value) {
  if (std::any_of(value.begin(), value.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
    throw Error{Errc::denied, "the request's value for {" + name + "} has control characters"};
}

std::string address_text(const std::string& octets) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = octets.size() == 4 ? AF_INET : AF_INET6;
  if ((octets.size() != 4 && octets.size() != 16) ||
      ::inet_ntop(family, octets.data(), text.data(), text.size()) == nullptr)
    throw Error{Errc::denied, "the request's subjectAltName has an iPAddress of " + std::to_string(octets.size()) +
                                  " octets [rfc5280.san.ip]"};
  return text.data();
}

void add_attribute(Subject& values, const Profile& profile, const NameAttribute& attribute) {
  const auto name = "request." + std::string{name_of(attribute.oid)};
  if (!profile.uses(name)) return;
  if (attribute.string_type != der::kPrintableString && attribute.string_type != der::kUtf8String)
    throw Error{Errc::denied, "the request's value for {" + name + "} is neither PrintableString nor UTF8String"};
  require_plain(name, attribute.text);
  if (!values.emplace(name, attribute.text).second)
    throw Error{Errc::denied, "the request's subject has several values for {" + name + "}; one is needed"};
}

void add_name(Subject& values, const Profile& profile, const GeneralName& given) {
  const auto kind = name_kind(given.tag);
  if (!kind) return;
  const auto name = "request." + std::string{text(*kind)};
  if (!profile.uses(name)) return;
  const auto value = *kind == NameKind::ip ? address_text(given.text) : given.text;
  require_plain(name, value);
  if (value.find(',') != std::string::npos)
    throw Error{Errc::denied, "the request's value for {" + name + "} has a comma, which separates values here"};
  auto& list = values[name];
  list += (list.empty() ? "" : ",") + value;
}

}  // namespace

void add_request_values(Subject& values, const Profile& profile, const std::vector<NameAttribute>& subject,
                        const std::vector<GeneralName>& alternative_names) {
  std::erase_if(values, [](const auto& entry) { return entry.first.starts_with("request."); });
  for (const auto& attribute : subject) add_attribute(values, profile, attribute);
  for (const auto& name : alternative_names) add_name(values, profile, name);
}

}  // namespace lamp::pki
