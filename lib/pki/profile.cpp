#include "lib/pki/profile.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/config/yaml.hpp"
#include "lib/pki/names.hpp"

namespace lamp::pki {
namespace {

using config::Node;

/// Runs a check of ours and gives its complaint the place in the file.
template <class Check>
auto placed(const Node& node, Check&& check) {
  auto result = attempt(std::forward<Check>(check));
  if (const auto* error = std::get_if<Error>(&result)) node.refuse(error->what());
  return std::get<0>(std::move(result));
}

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

Template template_at(const Node& node) {
  return placed(node, [&] { return Template::parse(node.text()); });
}

bool is_dotted(std::string_view text) {
  const auto parts = split(text, '.');
  if (parts.size() < 3 || (parts[0] != "0" && parts[0] != "1" && parts[0] != "2")) return false;
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && part.size() <= 9 && (part == "0" || part.front() != '0') &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  });
}

/// The one entry of a map such as "CN: value".
std::pair<std::string, Node> only_entry(const Node& node) {
  auto entries = node.entries();
  if (entries.size() != 1) node.refuse("expected one 'name: value' in each item");
  return entries.front();
}

std::vector<SubjectField> read_subject(const Node& node) {
  std::vector<SubjectField> fields;
  for (const auto& item : node.items()) {
    const auto [attribute, value] = only_entry(item);
    if (!attribute_oid(attribute)) item.refuse("'" + attribute + "' is no subject attribute that profiles may use");
    fields.push_back({attribute, template_at(value)});
  }
  return fields;
}

AlternativeName read_alternative_name(const Node& item) {
  const auto [kind, value] = only_entry(item);
  if (kind == "dns") return {AlternativeName::Kind::dns, template_at(value), {}};
  if (kind != "hardware-module") item.refuse("'" + kind + "' is none of dns, hardware-module");
  value.only({"type", "serial"});
  const auto type = value.at("type");
  if (!is_dotted(type.text())) type.refuse("'" + type.text() + "' is no object identifier like 1.3.6.1.4.1.32473.1");
  return {AlternativeName::Kind::hardware_module, template_at(value.at("serial")), type.text()};
}

KeyRule read_key(const Node& node) {
  node.only({"kind", "use", "token", "label"});
  KeyRule rule;
  rule.kind = choose<KeyKind>(node.at("kind"), {{"p256", KeyKind::p256}, {"p384", KeyKind::p384}});
  rule.use = choose<KeyUse>(node.at("use"), {{"sign", KeyUse::sign}, {"sign-with-pin", KeyUse::sign_with_pin}});
  rule.token = node.at("token").text();
  rule.label = template_at(node.at("label"));
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
  if (p.authority && !p.extended_key_usage.empty())
    root.at("extended-key-usage").refuse("an authority has no extended key usage here");
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
  if (p.authority && p.key.label.text() != "{name}")
    root.at("key").refuse("the key of an authority is labelled with its name: label: \"{name}\"");
  check_usage(root, p);
  check_identity_device(root, p);
}

}  // namespace

Template Template::parse(std::string text) {
  for (std::size_t at = 0; (at = text.find_first_of("{}", at)) != std::string::npos;) {
    const auto close = text.find_first_of("{}", at + 1);
    if (text[at] != '{' || close == std::string::npos || text[close] != '}' || close == at + 1)
      throw Error{Errc::bad_input, "'" + text + "': a placeholder is a name in braces, such as {name}"};
    at = close + 1;
  }
  Template result;
  result.text_ = std::move(text);
  return result;
}

std::string Template::expand(const Subject& subject) const {
  std::string out;
  for (std::size_t at = 0; at < text_.size();) {
    const auto open = std::min(text_.find('{', at), text_.size());
    out.append(text_, at, open - at);
    if (open == text_.size()) break;
    const auto close = text_.find('}', open);
    const auto name = text_.substr(open + 1, close - open - 1);
    const auto value = subject.find(name);
    if (value == subject.end() || value->second.empty())
      throw Error{Errc::bad_input, "'" + text_ + "' needs a value for {" + name + "}, which nobody gave"};
    out += value->second;
    at = close + 1;
  }
  return out;
}

Instant Lifetime::end(Instant begin) const {
  using namespace std::chrono;
  if (unit == Unit::none) return kNoEnd;
  // The last second belongs to the validity (RFC 5280, section 4.1.2.5), hence the second taken off.
  if (unit == Unit::days) return begin + days{count} - seconds{1};
  const auto day = floor<days>(begin);
  auto date = year_month_day{day} + years{static_cast<int>(count)};
  if (!date.ok()) date = date.year() / date.month() / last;  // 29 February
  return sys_days{date} + (begin - day) - seconds{1};
}

std::string Lifetime::text() const {
  if (unit == Unit::none) return "none";
  return std::to_string(count) + (unit == Unit::days ? " days" : " years");
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
             "beyond-issuer", "authority", "key-usage", "extended-key-usage", "crl-url"});
  Profile p;
  p.name = root.at("name").text();
  p.purpose = root.at("purpose").text();
  p.standard =
      choose<Standard>(root.at("standard"), {{"rfc5280", Standard::rfc5280}, {"ieee-802.1ar", Standard::ieee_802_1ar}});
  p.identity = template_at(root.at("identity"));
  p.subject = read_subject(root.at("subject"));
  for (const auto& item : root.at("alternative-names").items())
    p.alternative_names.push_back(read_alternative_name(item));
  p.key = read_key(root.at("key"));
  p.lifetime = read_lifetime(root.at("lifetime"));
  p.beyond_issuer =
      choose<BeyondIssuer>(root.at("beyond-issuer"), {{"refuse", BeyondIssuer::refuse}, {"clip", BeyondIssuer::clip}});
  p.authority = read_authority(root.at("authority"));
  p.key_usage = read_names(root.at("key-usage"), "key usage", key_usage_bit);
  p.extended_key_usage = read_names(root.at("extended-key-usage"), "extended key usage", extended_key_usage_oid);
  read_crl_url(root.at("crl-url"), p);
  for (const auto& [key, value] : root.entries()) p.places.emplace(key, value.place());
  check_whole(root, p);
  return p;
}

std::string Profile::place(std::string_view field) const {
  const auto found = places.find(field);
  return found == places.end() ? name : found->second;
}

}  // namespace lamp::pki
