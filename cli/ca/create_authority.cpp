#include "cli/ca/create_authority.hpp"

#include <botan/pk_keys.h>

#include <optional>

#include "cli/ca/site_lists.hpp"
#include "lib/base/error.hpp"
#include "lib/pki/records.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::cli {
namespace {

/// The same name made before by other rules is another authority: it is not replaced by accident.
void refuse_other(Host& host, const AuthorityPlan& o) {
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

void record_creation(Host& host, store::Transaction& t, const AuthorityPlan& o, const pki::Issued& issued,
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

pki::Issued issue_certificate(Host& host, const AuthorityPlan& o, const pki::Authority& signer,
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

}  // namespace

CreatedAuthority create_authority(Host& host, const AuthorityPlan& o) {
  const auto& site = host.site();
  const auto& token = authority_token(site, o.name);
  const auto profile = load_profile(site, o.profile);
  if (!profile.authority)
    throw Error{Errc::bad_input, "profile " + o.profile + " is no authority's; lamp-ca issue uses it"};
  refuse_other(host, o);
  std::optional<OpenAuthority> issuer;
  if (!o.issuer.empty()) issuer.emplace(open_authority(host, o.issuer));

  const auto key = key_in_token(host, token, o.name, profile.key, o.issuer.empty() ? "root" : "issuing");
  std::optional<pki::Authority> self;
  const auto& signer = issuer ? issuer->authority : self.emplace(pki::Authority::self_signed(o.name, *key));
  auto issued = issue_certificate(host, o, signer, profile, *key);
  std::vector<Bytes> chain;
  chain.push_back(issued.certificate);
  if (issuer) chain.insert(chain.end(), issuer->authority.chain().begin(), issuer->authority.chain().end());
  publish_certificate(site, o.name, chain);
  if (!std::filesystem::exists(authority_file(site, o.name, "crl.der")))
    (void)publish_lists(host, pki::Authority{o.name, chain, *key});
  return {std::move(issued), token};
}

}  // namespace lamp::cli
