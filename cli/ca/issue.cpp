#include <botan/pk_keys.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/ca/site_authority.hpp"
#include "cli/ca/verbs.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/issue.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::cli {
namespace {

struct IssueOptions {
  std::string authority, profile, name;
  bool json = false;
};

void declare(Arguments& a, IssueOptions& o) {
  a.positional("authority", o.authority, "Authority that signs");
  a.required("--profile", o.profile, "Profile of the certificate, lamp-profile(5)");
  a.required("--name", o.name, "Person or station of site.yaml, or host name of a server");
  a.flag("--json", o.json, "Print JSON");
}

/// Where the key is and where the certificate goes.
struct Holder {
  std::string token, label;
  std::filesystem::path certificate;
};

Holder person_holder(const config::Person& person, const pki::Profile& profile, const std::string& label) {
  if (person.key != label)
    throw Error{Errc::bad_input, "site.yaml gives " + person.name + " the key '" + person.key + "', profile " +
                                     profile.name + " the key '" + label + "'; make them agree"};
  return {person.token, label, person.certificate};
}

Holder holder_of(const config::Site& site, const pki::Profile& profile, const IssueOptions& o) {
  const auto& token = profile.key.token;
  if (token == "authority")
    throw Error{Errc::bad_input, "profile " + profile.name + " is an authority's; lamp-ca create uses it"};
  if (token == "device")
    throw Error{Errc::bad_input, "profile " + profile.name + " is a device's; lamp-factory run issues it"};
  const auto label = profile.key.label.expand({{"name", o.name}, {"site", site.name}});
  const auto found = site.people.find(o.name);
  if (found != site.people.end()) return person_holder(found->second, profile, label);
  if (token == "person") return person_holder(site.person(o.name), profile, label);
  return {token, label, authority_file(site, o.authority, "certs/" + o.name + ".pem")};
}

/// Leaf, then the issuers below the root: what a TLS peer is to be sent.
std::vector<Bytes> chain_to_send(const Bytes& leaf, const std::vector<Bytes>& issuers) {
  std::vector<Bytes> chain{leaf};
  for (const auto& issuer : issuers) {
    const auto tbs = pki::Certificate::parse(issuer).tbs;
    if (!std::ranges::equal(tbs.issuer, tbs.subject)) chain.push_back(issuer);
  }
  return chain;
}

void report(const IssueOptions& o, const Host& host, const Holder& holder, const pki::Issued& issued,
            std::ostream& out) {
  const bool existed = issued.outcome == pki::Issued::Outcome::existed;
  const auto file = shown(host.site(), holder.certificate);
  if (o.json) {
    const nlohmann::json all{{"name", o.name},       {"authority", o.authority},
                             {"profile", o.profile}, {"serial", issued.serial},
                             {"existed", existed},   {"not-after", format_instant(issued.not_after)},
                             {"certificate", file}};
    out << all.dump(2) << '\n';
    return;
  }
  fmt::print(out, "certificate of {} {}: {} by {}, serial {}, key '{}' in token {}, until {}: {}\n", o.name,
             existed ? "exists" : "issued", o.profile, o.authority, issued.serial, holder.label, holder.token,
             format_instant(issued.not_after), file);
}

Exit issue(const IssueOptions& o, World& world) {
  Host host{world};
  require_name(o.name, "name");
  const auto profile = load_profile(host.site(), o.profile);
  const auto holder = holder_of(host.site(), profile, o);
  const auto signer = open_authority(host, o.authority);
  const auto key = key_in_token(host, holder.token, holder.label, profile.key);
  const auto issued =
      pki::issue(open_register(host), signer.authority, profile, {{"name", o.name}, {"site", host.site().name}}, *key,
                 host.now(), world.rng, [&](store::Transaction& t, const pki::Issued& fresh) {
                   audit::record(t,
                                 {account_name(),
                                  "ca.issue",
                                  o.name,
                                  {{"authority", o.authority},
                                   {"profile", o.profile},
                                   {"serial", fresh.serial},
                                   {"key", pki::key_fingerprint(key->subject_public_key())},
                                   {"token", holder.token},
                                   {"not-after", format_instant(fresh.not_after)}}},
                                 host.now(), world.rng);
                 });
  publish_if_other(holder.certificate, pki::to_pem(chain_to_send(issued.certificate, signer.authority.chain())));
  report(o, host, holder, issued, world.out);
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ca_issue(Tool& tool) {
  tool.verb<IssueOptions>("issue", "Issue a certificate for a key in a token, made there when absent", declare, issue);
}

}  // namespace lamp::cli
