#include <algorithm>

#include "lib/base/parse.hpp"
#include "lib/pki/profile_reader.hpp"

namespace lamp::pki::reader {
namespace {

using config::Node;

/// RFC 9608 speaks of certificates that end before a revocation would be noticed.
constexpr std::uint64_t kShortLifeDays = 90;

bool is_dotted(std::string_view text) {
  const auto parts = split(text, '.');
  if (parts.size() < 3 || (parts[0] != "0" && parts[0] != "1" && parts[0] != "2")) return false;
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && part.size() <= 9 && (part == "0" || part.front() != '0') &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  });
}

Template list_template_at(const Node& node) {
  return placed(node, [&] { return Template::parse(node.text()); });
}

AlternativeName read_hardware_module(const Node& item, const Node& value) {
  value.only({"type", "serial"});
  const auto type = value.at("type");
  if (!is_dotted(type.text())) type.refuse("'" + type.text() + "' is no object identifier like 1.3.6.1.4.1.32473.1");
  return {NameKind::hardware_module, template_at(value.at("serial")), type.text(), item.place()};
}

AlternativeName read_alternative_name(const Node& item) {
  const auto [name, value] = only_entry(item);
  const auto kind = name_kind(std::string_view{name});
  if (!kind) item.refuse("'" + name + "' is none of dns, email, uri, ip, hardware-module");
  if (*kind == NameKind::hardware_module) return read_hardware_module(item, value);
  return {*kind, list_template_at(value), {}, item.place()};
}

std::vector<NameConstraint> read_subtrees(const Node& node) {
  std::vector<NameConstraint> all;
  for (const auto& item : node.items()) {
    const auto [name, value] = only_entry(item);
    const auto kind = name_kind(std::string_view{name});
    if (!kind || *kind == NameKind::hardware_module) item.refuse("'" + name + "' is none of dns, email, uri, ip");
    auto subtree = template_at(value);
    if (subtree.text().find('{') == std::string::npos)
      (void)placed(value, [&] { return subtree_contents(*kind, subtree.text()); });
    all.push_back({*kind, std::move(subtree), item.place()});
  }
  return all;
}

bool lists(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Where a list of names ends would not be known if another of its kind followed.
void check_alternative_names(const Node& node, const Profile& p) {
  const auto items = node.items();
  for (std::size_t i = 0; i + 1 < p.alternative_names.size(); ++i)
    if (p.alternative_names[i].value.is_list() && p.alternative_names[i].kind == p.alternative_names[i + 1].kind)
      items[i + 1].refuse("a list is the last of its kind; put this name before it");
}

void check_no_revocation(const Node& root, const Profile& p) {
  if (!p.no_revocation_available) return;
  const auto place = root.at("no-revocation-available");
  if (p.authority) place.refuse("RFC 9608: an authority's certificate can always be revoked; write 'false'");
  if (p.crl_url || p.ocsp_url) place.refuse("RFC 9608: goes with neither crl-url nor ocsp-url");
  if (p.lifetime.unit != Lifetime::Unit::days || p.lifetime.count > kShortLifeDays)
    place.refuse("is for certificates that end soon: a lifetime of at most " + std::to_string(kShortLifeDays) +
                 " days");
}

}  // namespace

std::vector<AlternativeName> read_alternative_names(const Node& node) {
  std::vector<AlternativeName> names;
  for (const auto& item : node.items()) names.push_back(read_alternative_name(item));
  return names;
}

NameConstraintRule read_name_constraints(const Node& node) {
  if (!node.is_map()) {
    if (node.text() != "none") node.refuse("expected 'none', or permitted and excluded");
    return {};
  }
  node.only({"permitted", "excluded"});
  NameConstraintRule rule{read_subtrees(node.at("permitted")), read_subtrees(node.at("excluded"))};
  if (rule.empty()) node.refuse("names nothing; write 'none'");
  return rule;
}

std::optional<std::string> read_url(const Node& node, std::string_view why) {
  auto url = node.text();
  if (url == "none") return std::nullopt;
  if (!url.starts_with("http://") || !is_uri(url))
    node.refuse("expected 'none' or an http:// address (" + std::string{why} + ")");
  return url;
}

void check_extensions(const Node& root, const Profile& p) {
  check_alternative_names(root.at("alternative-names"), p);
  check_no_revocation(root, p);
  if (!p.name_constraints.empty() && !p.authority)
    root.at("name-constraints").refuse("only an authority's certificate has name constraints; write 'none'");
  const bool responder = lists(p.extended_key_usage, "OCSPSigning");
  if (p.ocsp_no_check && !responder)
    root.at("ocsp-no-check").refuse("is for OCSP responders: extended-key-usage OCSPSigning");
  if (responder && p.extended_key_usage.size() > 1)
    root.at("extended-key-usage").refuse("an OCSP responder's certificate is for nothing else");
  // RFC 3161 section 2.3 wants this one critical and alone; no tool here stamps times.
  if (lists(p.extended_key_usage, "timeStamping"))
    root.at("extended-key-usage").refuse("timeStamping is not issued here");
}

}  // namespace lamp::pki::reader
