#include <botan/pk_keys.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <optional>

#include "cli/ca/link_roots.hpp"
#include "cli/ca/site_authority.hpp"
#include "cli/ca/site_lists.hpp"
#include "cli/ca/verbs.hpp"
#include "lib/base/error.hpp"
#include "lib/pki/issue.hpp"
#include "lib/pki/records.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::cli {
namespace {

struct CreateOptions {
  std::string name, profile, issuer, replaces;
};

void declare(Arguments& a, CreateOptions& o) {
  a.positional("name", o.name, "Name of the new authority; site.yaml names its token");
  a.required("--profile", o.profile, "Profile of its certificate, lamp-profile(5)");
  a.option("--issuer", o.issuer, "Authority that signs it; without, it signs itself");
  a.option("--replaces", o.replaces, "Root that this new root follows: the two certify each other");
}

/// The same name made before by other rules is another authority: it is not replaced by accident.
void refuse_other(Host& host, const CreateOptions& o) {
  pki::Filter filter;
  filter.identity = o.name;
  filter.state = pki::State::issued;
  const auto records = open_register(host).read([&](store::Transaction& t) { return pki::list(t, filter); });
  const auto& signer = o.issuer.empty() ? o.name : o.issuer;
  for (const auto& record : records) {
    const auto profile = load_profile(host.site(), record.profile);
    if (!profile.authority || record.not_after < host.now()) continue;
    if (record.authority != signer || record.profile != o.profile)
      throw Error{Errc::exists, "authority " + o.name + " exists: signed by " + record.authority + " with profile " +
                                    record.profile + ", serial " + record.serial};
  }
}

/// Found out before a key is made.
void require_replaceable(const config::Site& site, const CreateOptions& o) {
  if (o.replaces.empty()) return;
  if (!o.issuer.empty()) throw Error{Errc::bad_input, "--replaces is for a root, and a root has no --issuer"};
  if (o.replaces == o.name)
    throw Error{Errc::bad_input, "a root cannot replace itself; give the new one a name of its own in site.yaml"};
  if (authority_chain(site, o.replaces).size() != 1)
    throw Error{Errc::denied, "authority " + o.replaces + " is no root; have the new root sign a new one instead"};
}

void record_creation(Host& host, store::Transaction& t, const CreateOptions& o, const pki::Issued& issued,
                     const std::string& key) {
  audit::record(t,
                {account_name(),
                 "ca.create",
                 o.name,
                 {{"profile", o.profile},
                  {"issuer", o.issuer.empty() ? o.name : o.issuer},
                  {"serial", issued.serial},
                  {"key", key},
                  {"not-after", format_instant(issued.not_after)}}},
                host.now(), host.world().rng);
}

pki::Issued issue_certificate(Host& host, const CreateOptions& o, const pki::Authority& signer,
                              const pki::Profile& profile, const Botan::Public_Key& key) {
  return pki::issue(open_register(host), signer, profile, {{"name", o.name}, {"site", host.site().name}}, key,
                    host.now(), host.world().rng, [&](store::Transaction& t, const pki::Issued& issued) {
                      record_creation(host, t, o, issued, pki::key_fingerprint(key.subject_public_key()));
                    });
}

void publish_certificate(const config::Site& site, const std::string& name, const std::vector<Bytes>& chain) {
  publish_if_other(authority_file(site, name, "cert.pem"), pki::to_pem({chain.front()}));
  publish_if_other(authority_file(site, name, "chain.pem"), pki::to_pem(chain));
}

Exit create(const CreateOptions& o, World& world) {
  Host host{world};
  const auto& site = host.site();
  const auto& token = authority_token(site, o.name);
  const auto profile = load_profile(site, o.profile);
  if (!profile.authority)
    throw Error{Errc::bad_input, "profile " + o.profile + " is no authority's; lamp-ca issue uses it"};
  refuse_other(host, o);
  require_replaceable(site, o);
  std::optional<OpenAuthority> issuer;
  if (!o.issuer.empty()) issuer.emplace(open_authority(host, o.issuer));

  const auto key = key_in_token(host, token, o.name, profile.key);
  std::optional<pki::Authority> self;
  const auto& signer = issuer ? issuer->authority : self.emplace(pki::Authority::self_signed(o.name, *key));
  const auto issued = issue_certificate(host, o, signer, profile, *key);
  std::vector<Bytes> chain;
  chain.push_back(issued.certificate);
  if (issuer) chain.insert(chain.end(), issuer->authority.chain().begin(), issuer->authority.chain().end());
  publish_certificate(site, o.name, chain);
  if (!std::filesystem::exists(authority_file(site, o.name, "crl.der")))
    (void)publish_lists(host, pki::Authority{o.name, chain, *key});

  const bool existed = issued.outcome == pki::Issued::Outcome::existed;
  fmt::print(world.out, "authority {} {}: {}, serial {}, key '{}' in token {}, until {}\n", o.name,
             existed ? "exists" : "made", o.profile, issued.serial, o.name, token, format_instant(issued.not_after));
  if (site.demo && !issuer)
    fmt::print(world.out,
               "note: this demo root has no quorum: one PIN file opens it. Never trust it for real devices\n");
  if (!o.replaces.empty()) link_roots(host, o.replaces, o.name);
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ca_create(Tool& tool) {
  tool.verb<CreateOptions>("create", "Make an authority: its key in a token, its certificate, an empty CRL", declare,
                           create);
}

}  // namespace lamp::cli
