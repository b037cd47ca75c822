#include "lib/pki/general_name.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/pki/der.hpp"

namespace lamp::pki {
namespace {

constexpr unsigned kOtherName = 0, kMail = 1, kHost = 2, kUri = 6, kAddress = 7;

struct KindRow {
  NameKind kind;
  std::string_view name;
  std::uint8_t tag;
};
constexpr std::array kKinds{
    KindRow{NameKind::dns, "dns", der::context(kHost)}, KindRow{NameKind::email, "email", der::context(kMail)},
    KindRow{NameKind::uri, "uri", der::context(kUri)}, KindRow{NameKind::ip, "ip", der::context(kAddress)},
    KindRow{NameKind::hardware_module, "hardware-module", der::constructed_context(kOtherName)}};

bool is_alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_label(std::string_view label) noexcept {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_alphanumeric(c) || c == '-'; });
}

/// RFC 5321's Atom characters: no quoting, no spaces.
bool is_atom_character(char c) noexcept {
  constexpr std::string_view kMarks = "!#$%&'*+-/=?^_`{|}~";
  return is_alphanumeric(c) || kMarks.find(c) != std::string_view::npos;
}

bool is_constraint_host(std::string_view name) noexcept {
  if (name.starts_with('.')) name.remove_prefix(1);
  return !name.starts_with('*') && is_host_name(name);
}

/// Address and mask in a row, as RFC 5280 section 4.2.1.10 wants them.
Bytes address_range(std::string_view value) {
  const auto slash = value.find('/');
  const auto octets = address_octets(value.substr(0, slash));
  if (!octets || slash == std::string_view::npos)
    throw Error{Errc::bad_input, "'" + std::string{value} + "' is no range of addresses like 10.0.0.0/8"};
  const auto bits = parse_number(value.substr(slash + 1), "prefix length", 0, octets->size() * 8);
  Bytes range = *octets, mask(octets->size(), 0);
  for (std::size_t bit = 0; bit < bits; ++bit)
    mask[bit / 8] = static_cast<std::uint8_t>(mask[bit / 8] | 0x80U >> bit % 8);
  for (std::size_t i = 0; i < mask.size(); ++i)
    if ((range[i] & ~mask[i]) != 0)
      throw Error{Errc::bad_input, "'" + std::string{value} + "' has bits beyond its prefix length"};
  append(range, mask);
  return range;
}

}  // namespace

std::string_view text(NameKind kind) noexcept {
  return std::find_if(kKinds.begin(), kKinds.end(), [&](const KindRow& r) { return r.kind == kind; })->name;
}

std::optional<NameKind> name_kind(std::string_view text) noexcept {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const KindRow& r) { return r.name == text; });
  if (found == kKinds.end()) return std::nullopt;
  return found->kind;
}

std::optional<NameKind> name_kind(std::uint8_t tag) noexcept {
  if (tag == der::constructed_context(kOtherName)) return std::nullopt;
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const KindRow& r) { return r.tag == tag; });
  if (found == kKinds.end()) return std::nullopt;
  return found->kind;
}

std::uint8_t name_tag(NameKind kind) noexcept {
  return std::find_if(kKinds.begin(), kKinds.end(), [&](const KindRow& r) { return r.kind == kind; })->tag;
}

bool is_host_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 253) return false;
  if (name.starts_with("*.")) name.remove_prefix(2);
  for (;;) {
    const auto dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_mail_address(std::string_view name) noexcept {
  const auto at = name.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || name.size() > 254) return false;
  const auto local = name.substr(0, at), host = name.substr(at + 1);
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos) return false;
  return std::all_of(local.begin(), local.end(), [](char c) { return is_atom_character(c) || c == '.'; }) &&
         !host.starts_with('*') && is_host_name(host);
}

std::string_view uri_host(std::string_view uri) noexcept {
  const auto colon = uri.find(':');
  if (colon == std::string_view::npos || !uri.substr(colon + 1).starts_with("//")) return {};
  auto host = uri.substr(colon + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const auto user = host.rfind('@'); user != std::string_view::npos) host.remove_prefix(user + 1);
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_uri(std::string_view name) noexcept {
  const auto colon = name.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == name.size()) return false;
  const auto scheme = name.substr(0, colon);
  const bool good_scheme = is_alphanumeric(scheme.front()) && !(scheme.front() >= '0' && scheme.front() <= '9') &&
                           std::all_of(scheme.begin(), scheme.end(),
                                       [](char c) { return is_alphanumeric(c) || c == '+' || c == '-' || c == '.'; });
  constexpr std::string_view kForbidden = "\"<>\\^`{|}";
  const bool printable = std::all_of(name.begin(), name.end(), [&](char c) {
    return c > 0x20 && c < 0x7F && kForbidden.find(c) == std::string_view::npos;
  });
  if (!good_scheme || !printable) return false;
  if (!name.substr(colon + 1).starts_with("//")) return true;
  const auto host = uri_host(name);
  return host.starts_with('[') ? host.size() > 2 && host.ends_with(']') : is_host_name(host);
}

std::optional<Bytes> address_octets(std::string_view text) {
  const std::string whole{text};
  Bytes octets(16);
  if (::inet_pton(AF_INET6, whole.c_str(), octets.data()) == 1) return octets;
  octets.resize(4);
  if (::inet_pton(AF_INET, whole.c_str(), octets.data()) == 1) return octets;
  return std::nullopt;
}

Bytes name_content(NameKind kind, std::string_view value) {
  if (kind != NameKind::ip) return to_bytes(value);
  auto octets = address_octets(value);
  if (!octets)
    throw Error{Errc::denied, "subjectAltName '" + std::string{value} + "' is no IP address [rfc5280.san.ip]"};
  return std::move(*octets);
}

std::vector<Bytes> subtree_contents(NameKind kind, std::string_view value) {
  if (value == "any" && kind == NameKind::dns) return {Bytes{}};
  if (value == "any" && kind == NameKind::ip) return {Bytes(8, 0), Bytes(32, 0)};
  if (kind == NameKind::ip) return {address_range(value)};
  // A constraint on dns is a name to which labels may be added; RFC 5280 knows no leading dot there.
  const bool good = kind == NameKind::dns     ? !value.starts_with('.') && is_constraint_host(value)
                    : kind == NameKind::email ? is_constraint_host(value) || is_mail_address(value)
                                              : is_constraint_host(value);
  if (!good)
    throw Error{Errc::bad_input, "'" + std::string{value} + "' is no " + std::string{text(kind)} + " name constraint"};
  return {to_bytes(value)};
}

}  // namespace lamp::pki
