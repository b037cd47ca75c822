#include "cli/cloud/cloud_site.hpp"

#include <botan/pk_keys.h>

#include "lib/base/error.hpp"
#include "lib/cloud/client_trust.hpp"
#include "lib/cloud/identity.hpp"
#include "lib/cloud/service.hpp"
#include "lib/pki/authority.hpp"

namespace lamp::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kServerToken = "server";
constexpr const char* kServerKey = "server";

std::vector<Bytes> chain_of(const config::Site& site, std::string_view authority) {
  return pki::load_chain(site.root / "ca" / authority / "chain.pem");
}

cloud::ClientAuthority client_authority(const config::Site& site, std::string_view name) {
  return {std::string{name}, chain_of(site, name).front(), site.root / "ca" / name / "crl.der"};
}

/// Authorities that serve one production order each, as far as they were made.
std::vector<std::string> order_authorities(const config::Site& site) {
  std::vector<std::string> names;
  for (const auto& [name, token] : site.authorities)
    if (name.starts_with(config::kOrderPrefix) && fs::exists(site.root / "ca" / name / "chain.pem"))
      names.push_back(name);
  return names;
}

config::Person server_entry(const config::Site& site, const std::string& name) {
  const auto found = site.people.find(name);
  if (found != site.people.end()) return found->second;
  return {name, kServerToken, kServerKey, site.root / "ca" / "server" / "certs" / (name + ".pem")};
}

}  // namespace

std::unique_ptr<store::Database> open_registry(const config::Site& site) {
  if (!fs::exists(site.cloud_database))
    throw Error{Errc::not_found, "no registry at " + site.cloud_database.string() + "; run 'lamp-cloud init' first"};
  auto database = std::make_unique<store::Database>(site.cloud_database);
  cloud::migrate(*database);
  return database;
}

audit::LogPlace cloud_log(const config::Site& site) {
  return {site.cloud_database.parent_path() / "log", site.name + "/cloud"};
}

std::shared_ptr<Botan::Private_Key> cloud_log_key(Host& host) { return host.token(kServerToken).signing_key(kLogKey); }

void finish_cloud(Host& host, store::Database& database) {
  const auto key = cloud_log_key(host);
  in_context("carrying the audit records into the service's log",
             [&] { audit::sequence(database, cloud_log(host.site()), *key, host.now(), host.world().rng); });
}

std::string service_host(const config::Site& site) {
  constexpr std::string_view kScheme = "https://";
  if (!site.cloud_url.starts_with(kScheme))
    throw Error{Errc::bad_input, "the service's URL in site.yaml does not begin with https://"};
  const auto rest = site.cloud_url.substr(kScheme.size());
  return rest.substr(0, rest.find_first_of(":/"));
}

ServerIdentity server_identity(Host& host) {
  const auto name = service_host(host.site());
  const auto entry = server_entry(host.site(), name);
  if (!fs::exists(entry.certificate))
    throw Error{Errc::not_found, "no certificate " + entry.certificate.string() +
                                     "; make it with: lamp-ca issue server --profile tls-server --name " + name};
  return {pki::load_certificates(entry.certificate), host.token(entry.token).signing_key(entry.key)};
}

ClientAnchors client_anchors(const config::Site& site) {
  ClientAnchors anchors{chain_of(site, cloud::kClientAuthority).back(), {}};
  auto names = order_authorities(site);
  names.insert(names.begin(), {std::string{cloud::kDeviceAuthority}, std::string{cloud::kClientAuthority}});
  for (const auto& name : names) {
    if (chain_of(site, name).back() != anchors.root)
      throw Error{Errc::bad_input, "the authorities '" + name + "' and 'client' have different roots"};
    anchors.authorities.push_back(client_authority(site, name));
  }
  return anchors;
}

cloud::OrderPolicy order_policy(const config::Site& site) {
  std::map<std::string, Bytes> own;
  for (const auto& order : order_authorities(site)) own.emplace(order, chain_of(site, order).front());
  return {.site = site.name,
          .device_authority = chain_of(site, cloud::kDeviceAuthority).front(),
          .roster = site.root / "quorum" / (site.order_quorum + ".yaml"),
          .approvals = site.order_approvals,
          .order_authorities = std::move(own)};
}

}  // namespace lamp::cli
