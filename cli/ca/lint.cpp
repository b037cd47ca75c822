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
  a.positional("file", o.file, "Certificate or CRL, PEM or DER; the first in the file is checked");
  a.option("--profile", o.profile, "Profile that it should follow, lamp-profile(5)");
  a.option("--issuer", o.issuer, "Issuer's certificate, PEM or DER; else the next in the file");
  a.flag("--json", o.json, "Print JSON");
}

/// The issuer that the user names, or the one that follows in the file and bears the issuer's name.
std::optional<pki::IssuerFacts> issuer_of(const std::vector<Bytes>& chain, const LintOptions& o) {
  if (!o.issuer.empty()) return pki::facts_of_chain(o.issuer, pki::load_certificates(o.issuer));
  if (chain.size() < 2 || pki::is_revocation_list(chain.front())) return std::nullopt;
  const auto issuer = attempt([&] {
    auto facts = pki::facts_of_chain("that follows in the file", {chain.begin() + 1, chain.end()});
    if (!std::ranges::equal(pki::Certificate::parse(chain.front()).tbs.issuer, facts.subject))
      throw Error{Errc::not_found, "another certificate follows"};
    return facts;
  });
  const auto* facts = std::get_if<pki::IssuerFacts>(&issuer);
  return facts == nullptr ? std::nullopt : std::optional{*facts};
}

std::vector<pki::Finding> findings_in(ByteView der, const pki::Profile* profile, const pki::IssuerFacts* issuer) {
  if (!pki::is_revocation_list(der)) return pki::lint_certificate(der, profile, issuer);
  if (profile != nullptr) throw Error{Errc::bad_input, "a profile makes certificates; this is a revocation list"};
  return pki::lint_list(der, issuer);
}

void print_json(const std::vector<pki::Finding>& findings, std::ostream& out) {
  auto all = nlohmann::json::array();
  for (const auto& finding : findings)
    all.push_back({{"rule", finding.rule},
                   {"clause", pki::clause_of(finding.rule)},
                   {"field", finding.field},
                   {"says", finding.says}});
  out << all.dump(2) << '\n';
}

Exit lint(const LintOptions& o, World& world) {
  const auto chain = pki::load_signed(o.file);
  std::optional<pki::Profile> profile;
  if (!o.profile.empty()) profile = load_profile(config::Site::find(world.site), o.profile);
  const auto issuer = issuer_of(chain, o);
  const auto findings = findings_in(chain.front(), profile ? &*profile : nullptr, issuer ? &*issuer : nullptr);
  if (o.json) print_json(findings, world.out);
  for (const auto& finding : findings)
    fmt::print(world.err, "lamp-ca: refused: {} {} [{}] {}\n", finding.field, finding.says, finding.rule,
               pki::clause_of(finding.rule));
  if (findings.empty() && !o.json)
    fmt::print(world.out, "{}: nothing to complain about{}\n", o.file,
               issuer ? "" : "; its issuer is not known, so rules about the issuer were left out");
  return findings.empty() ? Exit::ok : Exit::refused;
}

}  // namespace

void add_ca_lint(Tool& tool) {
  tool.verb<LintOptions>("lint", "Check any certificate or CRL against RFC 5280, 802.1AR and a profile", declare, lint);
}

}  // namespace lamp::cli
