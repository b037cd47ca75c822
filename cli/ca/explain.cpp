#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/ca/site_authority.hpp"
#include "cli/ca/verbs.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::cli {
namespace {

struct ExplainOptions {
  std::string issuer, profile, name;
  std::vector<std::string> values;
  bool json = false;
};

void declare(Arguments& a, ExplainOptions& o) {
  a.required("--profile", o.profile, "Profile to explain, lamp-profile(5)");
  a.option("--issuer", o.issuer, "Authority that would sign; without, a self-signed root");
  a.option("--name", o.name, "Value for {name}");
  a.option("--value", o.values, "Value for another placeholder, such as serial=SL-26-000001");
  a.flag("--json", o.json, "Print JSON");
}

pki::Subject subject_of(const ExplainOptions& o, const config::Site& site) {
  pki::Subject subject{{"site", site.name}};
  if (!o.name.empty()) subject["name"] = o.name;
  for (const auto& given : o.values) {
    const auto equals = given.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UsageError{"--value '" + given + "' is not like serial=SL-26-000001"};
    subject[given.substr(0, equals)] = given.substr(equals + 1);
  }
  return subject;
}

struct Line {
  std::string field, value, rule;
};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

std::string kind_text(const pki::KeyRule& key) {
  const bool made_here = key.token != "authority" && key.token != "device";
  return fmt::format("{}, {}, key '{}' of the {}{}", text(key.kind),
                     key.use == pki::KeyUse::sign ? "signs" : "signs with the PIN each time", key.label.text(),
                     key.token, made_here ? ", role " + key.role : "");
}

/// The profile's line that decided a field.
std::string at_place(const std::string& place, std::string_view key, std::string_view what = {}) {
  const auto file = place.substr(place.find_last_of('/') + 1);
  return what.empty() ? fmt::format("{} {}", file, key) : fmt::format("{} {}: {}", file, key, what);
}

std::string at(const pki::Profile& p, std::string_view key, std::string_view what = {}) {
  return at_place(p.place(key), key, what);
}

std::string_view certificate_name(pki::NameKind kind) {
  switch (kind) {
    case pki::NameKind::dns: return "dNSName";
    case pki::NameKind::email: return "rfc822Name";
    case pki::NameKind::uri: return "uniformResourceIdentifier";
    case pki::NameKind::ip: return "iPAddress";
    case pki::NameKind::hardware_module: return "hardwareModuleName";
  }
  return {};
}

void explain_names(const pki::Profile& p, const pki::Contents& c, std::vector<Line>& lines) {
  for (std::size_t i = 0; i < c.subject.size(); ++i)
    lines.push_back({"subject " + c.subject[i].first, c.subject[i].second,
                     at_place(p.subject[i].place, "subject", p.subject[i].value.text())});
  for (const auto& [rule, value] : c.alternative_names)
    lines.push_back({fmt::format("subjectAltName {}", certificate_name(rule.kind)),
                     rule.hardware_type.empty() ? value : rule.hardware_type + " " + value,
                     at_place(rule.place, "alternative-names", rule.value.text())});
  if (c.alternative_names.empty()) lines.push_back({"subjectAltName", "left out", at(p, "alternative-names")});
}

void explain_constraints(const pki::Profile& p, const pki::Contents& c, std::vector<Line>& lines) {
  const auto add = [&](std::string_view which, const auto& names) {
    for (const auto& [rule, value] : names)
      lines.push_back({fmt::format("nameConstraints {}", which),
                       fmt::format("critical, {} {}", certificate_name(rule.kind), value),
                       at_place(rule.place, "name-constraints", rule.value.text())});
  };
  add("permitted", c.permitted);
  add("excluded", c.excluded);
  if (p.name_constraints.empty()) lines.push_back({"nameConstraints", "left out", at(p, "name-constraints")});
}

void explain_extensions(const pki::Profile& p, const pki::Contents& c, std::vector<Line>& lines) {
  const auto path = p.authority && p.authority->path_length ? std::to_string(*p.authority->path_length) : "none";
  const auto flag = [](bool there) { return there ? "there" : "left out"; };
  lines.push_back(
      {"basicConstraints", p.authority ? "critical, authority, path length " + path : "left out", at(p, "authority")});
  lines.push_back({"keyUsage", "critical, " + joined(p.key_usage), at(p, "key-usage")});
  lines.push_back({"extKeyUsage", joined(p.extended_key_usage), at(p, "extended-key-usage")});
  explain_constraints(p, c, lines);
  lines.push_back({"cRLDistributionPoints", p.crl_url.value_or("left out"), at(p, "crl-url")});
  lines.push_back({"authorityInfoAccess ocsp", p.ocsp_url.value_or("left out"), at(p, "ocsp-url")});
  lines.push_back({"authorityInfoAccess caIssuers", p.issuer_url.value_or("left out"), at(p, "issuer-url")});
  lines.push_back({"noRevAvail", flag(p.no_revocation_available), at(p, "no-revocation-available")});
  lines.push_back({"ocspNoCheck", flag(p.ocsp_no_check), at(p, "ocsp-no-check")});
  lines.push_back({"subjectKeyIdentifier", "160 bits of SHA-256 of the key", "RFC 7093 section 2, method 1"});
}

/// What signs, which follows from the signer's key and not from the profile.
std::string signature_text(const pki::Profile& p, const pki::IssuerFacts* issuer) {
  const bool p384 = issuer != nullptr
                        ? std::ranges::equal(issuer->signature_algorithm, pki::encode_algorithm(pki::oid::kEcdsaSha384))
                        : p.key.kind == pki::KeyKind::p384;
  return p384 ? "ecdsa-with-SHA384" : "ecdsa-with-SHA256";
}

std::vector<Line> explain_all(const pki::Profile& p, const pki::Contents& c, const pki::IssuerFacts* issuer) {
  std::vector<Line> lines;
  lines.push_back({"version", "3", "RFC 5280 section 4.1.2.1: it has extensions"});
  lines.push_back({"serialNumber", "16 octets: time in seconds, 88 random bits", "RFC 5280 section 4.1.2.2"});
  lines.push_back({"signature", signature_text(p, issuer), "RFC 5758 section 3.2, by the key of the signer"});
  lines.push_back({"issuer", issuer != nullptr ? "subject of authority " + issuer->name : "itself",
                   issuer != nullptr ? "--issuer" : "no --issuer: self-signed"});
  lines.push_back({"notBefore", format_instant(c.not_before), "the time of issue"});
  lines.push_back(
      {"notAfter", format_instant(c.not_after),
       c.clipped ? at(p, "beyond-issuer", "clip, to the end of its issuer") : at(p, "lifetime", p.lifetime.text())});
  lines.push_back({"beyond its issuer", p.beyond_issuer == pki::BeyondIssuer::clip ? "clipped to its end" : "refused",
                   at(p, "beyond-issuer")});
  explain_names(p, c, lines);
  lines.push_back({"key", kind_text(p.key), at(p, "key")});
  explain_extensions(p, c, lines);
  lines.push_back(
      {"authorityKeyIdentifier", issuer != nullptr ? hex(issuer->key_id) : "its own", "RFC 5280 section 4.2.1.1"});
  lines.push_back({"filed as", c.identity, at(p, "identity", p.identity.text())});
  return lines;
}

Exit explain(const ExplainOptions& o, World& world) {
  const auto site = config::Site::find(world.site);
  const auto profile = load_profile(site, o.profile);
  std::optional<pki::IssuerFacts> issuer;
  if (!o.issuer.empty()) issuer = pki::facts_of_chain(o.issuer, authority_chain(site, o.issuer));
  const auto* facts = issuer ? &*issuer : nullptr;
  const auto contents = pki::resolve(profile, subject_of(o, site), facts, world.clock.now());
  const auto lines = explain_all(profile, contents, facts);
  if (!o.json) {
    fmt::print(world.out, "{}: {}\n", profile.name, profile.purpose);
    for (const auto& line : lines) fmt::print(world.out, "{:<34} {:<44} {}\n", line.field, line.value, line.rule);
    return Exit::ok;
  }
  auto all = nlohmann::json::array();
  for (const auto& line : lines) all.push_back({{"field", line.field}, {"value", line.value}, {"rule", line.rule}});
  world.out << all.dump(2) << '\n';
  return Exit::ok;
}

}  // namespace

void add_ca_explain(Tool& tool) {
  tool.verb<ExplainOptions>("explain", "Print, field by field, what a profile would issue and which rule decides",
                            declare, explain);
}

}  // namespace lamp::cli
