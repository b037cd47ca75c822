#include "lib/pki/profile.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/config/yaml.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/profile_reader.hpp"

namespace lamp::pki {
namespace {

using config::Node;
using reader::placed;
using reader::template_at;

template <class Value>
Value choose(const Node& node, std::initializer_list<std::pair<std::string_view, Value>> choices) {
  const auto text = node.text();
  std::string names;
  for (const auto& [name, value] : choices) {
    if (name == text) return value;
    names += (names.empty() ? "" : ", ") + std::string{name};
  }
  node.refuse("'" + text + "' is none of " + names);
}

std::vector<SubjectField> read_subject(const Node& node) {
  std::vector<SubjectField> fields;
  for (const auto& item : node.items()) {
    const auto [attribute, value] = reader::only_entry(item);
    if (!attribute_oid(attribute)) item.refuse("'" + attribute + "' is no subject attribute that profiles may use");
    fields.push_back({attribute, template_at(value), item.place()});
  }
  return fields;
}

KeyRule read_key(const Node& node) {
  node.only({"kind", "use", "token", "label", "role", "renewal"});
  KeyRule rule;
  rule.kind = choose<KeyKind>(node.at("kind"),
                              {{"p256", KeyKind::p256}, {"p384", KeyKind::p384}, {"rsa3072", KeyKind::rsa3072}});
  rule.use = choose<KeyUse>(node.at("use"), {{"sign", KeyUse::sign}, {"sign-with-pin", KeyUse::sign_with_pin}});
  rule.token = node.at("token").text();
  rule.label = template_at(node.at("label"));
  if (const auto role = node.find("role"))
    rule.role = choose<std::string>(*role, {{"officer", "officer"},
                                            {"station", "station"},
                                            {"tls", "tls"},
                                            {"release", "release"},
                                            {"issuing", "issuing"},
                                            {"other", "other"}});
  if (const auto renewal = node.find("renewal"))
    rule.renewal_keeps_key = choose<bool>(*renewal, {{"new-key", false}, {"same-key", true}});
  return rule;
}

Lifetime read_lifetime(const Node& node) {
  const auto text = node.text();
  if (text == "none") return {};
  const auto words = split(text, ' ');
  if (words.size() != 2 || (words[1] != "days" && words[1] != "years"))
    node.refuse("'" + text + "' is neither 'none' nor like '90 days' or '5 years'");
  const auto unit = words[1] == "days" ? Lifetime::Unit::days : Lifetime::Unit::years;
  const auto limit = unit == Lifetime::Unit::days ? 36500U : 100U;
  return {unit, placed(node, [&] { return parse_number(words[0], "lifetime", 1, limit); })};
}

std::optional<AuthorityRule> read_authority(const Node& node) {
  if (!node.is_map()) {
    if (node.text() != "none") node.refuse("expected 'none', or path-length and crl-days");
    return std::nullopt;
  }
  node.only({"path-length", "crl-days"});
  AuthorityRule rule;
  const auto length = node.at("path-length");
  if (length.text() != "none") rule.path_length = length.number(0, 10);
  rule.crl_days = node.at("crl-days").number(1, 400);
  return rule;
}

template <class Known>
std::vector<std::string> read_names(const Node& node, std::string_view what, Known known) {
  std::vector<std::string> names;
  for (const auto& item : node.items()) {
    auto name = item.text();
    if (!known(name)) item.refuse("'" + name + "' is no " + std::string{what});
    if (std::find(names.begin(), names.end(), name) != names.end()) item.refuse("'" + name + "' is there twice");
    names.push_back(std::move(name));
  }
  return names;
}

bool has(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

void check_usage(const Node& root, const Profile& p) {
  const auto usage = root.at("key-usage");
  if (p.key_usage.empty()) usage.refuse("at least one key usage is needed");
  const bool signs_certificates = has(p.key_usage, "keyCertSign") || has(p.key_usage, "cRLSign");
  if (p.authority && !(has(p.key_usage, "keyCertSign") && has(p.key_usage, "cRLSign")))
    usage.refuse("an authority needs keyCertSign and cRLSign");
  if (!p.authority && signs_certificates) usage.refuse("keyCertSign and cRLSign are for authorities");
  // Below an issuer such an authority could vouch for every certificate that the issuer ever signed.
  if (p.authority && has(p.extended_key_usage, "OCSPSigning"))
    root.at("extended-key-usage").refuse("an authority is no OCSP responder");
}

void check_identity_device(const Node& root, const Profile& p) {
  if (p.standard != Standard::ieee_802_1ar) return;
  if (p.lifetime.unit != Lifetime::Unit::none)
    root.at("lifetime").refuse("IEEE 802.1AR: a device identity has no well-defined end; write 'none'");
  const auto is_serial = [](const SubjectField& f) { return f.attribute == "serialNumber"; };
  if (std::none_of(p.subject.begin(), p.subject.end(), is_serial))
    root.at("subject").refuse("IEEE 802.1AR: the subject of a device identity has a serialNumber");
  if (p.authority) root.at("authority").refuse("IEEE 802.1AR: a device identity is no authority");
  if (!has(p.key_usage, "digitalSignature"))
    root.at("key-usage").refuse("IEEE 802.1AR: a device identity needs digitalSignature");
}

void check_whole(const Node& root, const Profile& p) {
  placed(root.at("name"), [&] { return require_name(p.name, "profile"), 0; });
  if (p.subject.empty()) root.at("subject").refuse("the subject has no fields");
  if (p.lifetime.unit == Lifetime::Unit::none && p.beyond_issuer == BeyondIssuer::clip)
    root.at("beyond-issuer").refuse("a certificate without end cannot be clipped; write 'refuse'");
  // One name leads to an authority's key: its own.
  if (p.authority.has_value() != (p.key.token == "authority"))
    root.at("key").refuse("token 'authority' is for profiles of authorities, and they have no other");
  if (p.authority && p.key.kind == KeyKind::rsa3072) root.at("key").refuse("an authority's key is p256 or p384");
  if (p.authority && p.key.label.text() != "{name}")
    root.at("key").refuse("the key of an authority is labelled with its name: label: \"{name}\"");
  check_usage(root, p);
  check_identity_device(root, p);
  reader::check_extensions(root, p);
}

/// The extensions about revocation, and those that only some certificates have.
void read_extensions(const Node& root, Profile& p) {
  p.name_constraints = reader::read_name_constraints(root.at("name-constraints"));
  read_crl_url(root.at("crl-url"), p);
  p.ocsp_url = reader::read_url(root.at("ocsp-url"), "an OCSP response proves itself");
  p.issuer_url = reader::read_url(root.at("issuer-url"), "a certificate proves itself");
  p.no_revocation_available = root.at("no-revocation-available").boolean();
  p.ocsp_no_check = root.at("ocsp-no-check").boolean();
}

}  // namespace

Template reader::template_at(const Node& node) {
  auto result = placed(node, [&] { return Template::parse(node.text()); });
  if (result.is_list()) node.refuse("a list of values is only for alternative names");
  return result;
}

std::pair<std::string, Node> reader::only_entry(const Node& node) {
  auto entries = node.entries();
  if (entries.size() != 1) node.refuse("expected one 'name: value' in each item");
  return entries.front();
}

Profile Profile::load(const std::filesystem::path& file) {
  const auto root = Node::load(file);
  auto profile = read(root);
  if (profile.name != file.stem().string())
    root.at("name").refuse("the profile in this file is to be named '" + file.stem().string() + "'");
  return profile;
}

Profile Profile::read(const Node& root) {
  root.only({"name", "purpose", "standard", "identity", "subject", "alternative-names", "key", "lifetime",
             "beyond-issuer", "authority", "key-usage", "extended-key-usage", "name-constraints", "crl-url", "ocsp-url",
             "issuer-url", "no-revocation-available", "ocsp-no-check"});
  Profile p;
  p.name = root.at("name").text();
  p.purpose = root.at("purpose").text();
  p.standard =
      choose<Standard>(root.at("standard"), {{"rfc5280", Standard::rfc5280}, {"ieee-802.1ar", Standard::ieee_802_1ar}});
  p.identity = template_at(root.at("identity"));
  p.subject = read_subject(root.at("subject"));
  p.alternative_names = reader::read_alternative_names(root.at("alternative-names"));
  p.key = read_key(root.at("key"));
  p.lifetime = read_lifetime(root.at("lifetime"));
  p.beyond_issuer =
      choose<BeyondIssuer>(root.at("beyond-issuer"), {{"refuse", BeyondIssuer::refuse}, {"clip", BeyondIssuer::clip}});
  p.authority = read_authority(root.at("authority"));
  p.key_usage = read_names(root.at("key-usage"), "key usage", key_usage_bit);
  p.extended_key_usage = read_names(root.at("extended-key-usage"), "extended key usage", extended_key_usage_oid);
  read_extensions(root, p);
  for (const auto& [key, value] : root.entries()) p.places.emplace(key, value.place());
  check_whole(root, p);
  return p;
}

Profile for_hardware(Profile profile, const std::string& hardware_type) {
  for (auto& name : profile.alternative_names)
    if (name.kind == NameKind::hardware_module) name.hardware_type = hardware_type;
  return profile;
}

std::string Profile::place(std::string_view field) const {
  const auto found = places.find(field);
  return found == places.end() ? name : found->second;
}

bool Profile::uses(std::string_view placeholder) const {
  const auto has_it = [&](const auto& item) { return item.value.uses(placeholder); };
  return std::any_of(subject.begin(), subject.end(), has_it) ||
         std::any_of(alternative_names.begin(), alternative_names.end(), has_it);
}

}  // namespace lamp::pki
