#include "hsm/token_policy.hpp"

#include <algorithm>
#include <array>

#include "lib/base/error.hpp"
#include "lib/config/yaml.hpp"

namespace lamp::hsm {
namespace {

constexpr std::array<std::string_view, 9> kRoles{"root", "issuing", "release", "officer", "station",
                                                 "log",  "escrow",  "tls",     "other"};

std::string role_names() {
  std::string names;
  for (const auto role : kRoles) names += (names.empty() ? "" : ", ") + std::string{role};
  return names;
}

bool is_role(const std::string& role) { return std::ranges::find(kRoles, role) != kRoles.end(); }

std::optional<std::string> optional_text(const config::Node& node, std::string_view key) {
  const auto value = node.find(key);
  return value ? std::optional{value->text()} : std::nullopt;
}

TokenRule read_rule(const config::Node& node) {
  node.only({"name", "manufacturer", "model", "serial", "firmware", "fips-140", "attested-by", "roles", "demo-only"});
  TokenRule rule{node.at("name").text(),
                 optional_text(node, "manufacturer"),
                 optional_text(node, "model"),
                 optional_text(node, "serial"),
                 optional_text(node, "firmware"),
                 optional_text(node, "fips-140"),
                 optional_text(node, "attested-by"),
                 node.at("roles").texts(),
                 false};
  for (const auto& role : rule.roles) {
    if (!is_role(role)) node.at("roles").refuse("'" + role + "' is no role; roles are " + role_names());
  }
  if (!rule.manufacturer) node.refuse("a rule names the manufacturer at least");
  if (rule.fips_140 && !rule.attested_by) node.refuse("a FIPS 140 certificate needs who attests it: 'attested-by'");
  if (const auto demo = node.find("demo-only")) rule.demo_only = demo->boolean();
  return rule;
}

std::string named(const TokenInfo& token) {
  return "token \"" + token.label + "\" (" + token.manufacturer + ", " + token.model + ", serial " + token.serial +
         ", firmware " + token.firmware + ")";
}

}  // namespace

bool TokenRule::fits(const TokenInfo& token) const {
  const auto same = [](const std::optional<std::string>& wanted, const std::string& found) {
    return !wanted || *wanted == found;
  };
  return same(manufacturer, token.manufacturer) && same(model, token.model) && same(serial, token.serial) &&
         same(firmware, token.firmware);
}

std::vector<std::pair<std::string, std::string>> TokenRule::attestation(const TokenInfo& token) const {
  return {{"serial", token.serial},
          {"manufacturer", token.manufacturer},
          {"model", token.model},
          {"firmware", token.firmware},
          {"token-rule", name},
          {"fips-140", fips_140.value_or("none attested")},
          {"attested-by", attested_by.value_or("nobody")}};
}

TokenPolicy TokenPolicy::load(const std::filesystem::path& file) {
  const auto root = config::Node::load(file);
  root.only({"tokens"});
  TokenPolicy policy;
  policy.file_ = file;
  for (const auto& node : root.at("tokens").items()) policy.rules_.push_back(read_rule(node));
  return policy;
}

const TokenRule& TokenPolicy::require(const TokenInfo& token, const std::string& role, SiteKind site) const {
  require_role(role);
  bool in_demos = false;
  for (const auto& rule : rules_) {
    if (!rule.fits(token) || std::ranges::find(rule.roles, role) == rule.roles.end()) continue;
    if (!rule.demo_only || site == SiteKind::demo) return rule;
    in_demos = true;
  }
  throw Error{Errc::denied, named(token) + " may not hold a key for '" + role + "'" +
                                (in_demos ? " outside a demo site" : "") + ": no rule of " + file_.string() +
                                " lets it; use another token, or have an officer attest this one there"};
}

void require_role(const std::string& role) {
  if (!is_role(role)) throw Error{Errc::bad_input, "'" + role + "' is no role of a key; roles are " + role_names()};
}

}  // namespace lamp::hsm
