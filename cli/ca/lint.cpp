#include "lib/pki/lint.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/ca/site_authority.hpp"
#include "cli/ca/verbs.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {
namespace {

struct LintOptions {
  std::string file, profile, issuer;
  bool json = false;
};

void declare(Arguments& a, LintOptions& o) {
  a.positional("file", o.file, "Certificate, PEM or DER; the first of a chain is checked");
  a.option("--profile", o.profile, "Profile that it should follow, lamp-profile(5)");
  a.option("--issuer", o.issuer, "Issuer's certificate, PEM or DER; else the next in the file");
  a.flag("--json", o.json, "Print JSON");
}

/// The issuer that the user names, or the one that follows in the file and bears the issuer's name.
std::optional<pki::IssuerFacts> issuer_of(const std::vector<Bytes>& chain, const LintOptions& o) {
  if (!o.issuer.empty()) return pki::facts_of(o.issuer, pki::load_certificates(o.issuer).front());
  if (chain.size() < 2) return std::nullopt;
  auto facts = pki::facts_of("that follows in the file", chain[1]);
  const auto leaf = pki::Certificate::parse(chain.front());
  if (!std::ranges::equal(leaf.tbs.issuer, facts.subject)) return std::nullopt;
  return facts;
}

void print_json(const std::vector<pki::Finding>& findings, std::ostream& out) {
  auto all = nlohmann::json::array();
  for (const auto& finding : findings)
    all.push_back({{"rule", finding.rule}, {"field", finding.field}, {"says", finding.says}});
  out << all.dump(2) << '\n';
}

Exit lint(const LintOptions& o, World& world) {
  const auto chain = pki::load_certificates(o.file);
  std::optional<pki::Profile> profile;
  if (!o.profile.empty()) profile = load_profile(config::Site::find(world.site), o.profile);
  const auto issuer = issuer_of(chain, o);
  const auto findings =
      pki::lint_certificate(chain.front(), profile ? &*profile : nullptr, issuer ? &*issuer : nullptr);
  if (o.json) print_json(findings, world.out);
  for (const auto& finding : findings)
    fmt::print(world.err, "lamp-ca: refused: {} {} [{}]\n", finding.field, finding.says, finding.rule);
  if (findings.empty() && !o.json)
    fmt::print(world.out, "{}: nothing to complain about{}\n", o.file,
               issuer ? "" : "; its issuer is not known, so rules about the issuer were left out");
  return findings.empty() ? Exit::ok : Exit::refused;
}

}  // namespace

void add_ca_lint(Tool& tool) {
  tool.verb<LintOptions>("lint", "Check any certificate against RFC 5280, 802.1AR and a profile", declare, lint);
}

}  // namespace lamp::cli
