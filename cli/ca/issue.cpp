#include <botan/pk_keys.h>
#include <botan/x509_key.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "cli/ca/by_quorum.hpp"
#include "cli/ca/quorum_requests.hpp"
#include "cli/ca/site_authority.hpp"
#include "cli/ca/values.hpp"
#include "cli/ca/verbs.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/csr.hpp"
#include "lib/pki/issue.hpp"
#include "lib/pki/request_values.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::cli {
namespace {

struct IssueOptions {
  std::string authority, profile, name, request, public_key, output, quorum;
  std::vector<std::string> values;
  bool json = false;
};

void declare(Arguments& a, IssueOptions& o) {
  a.positional("authority", o.authority, "Authority that signs");
  a.required("--profile", o.profile, "Profile of the certificate, lamp-profile(5)");
  a.option("--name", o.name, "Person or station of site.yaml, or host name of a server");
  a.option("--csr", o.request, "Certificate request (PKCS#10, PEM or DER) that proves its key");
  a.option("--public-key", o.public_key, "Public key (PEM or DER) that was proven otherwise");
  a.option("--value", o.values, "Value of another placeholder, such as serial=SL-26-000001");
  a.option("-o,--output", o.output, "Where the certificate for a request or public key goes");
  a.option("--quorum", o.quorum, "Quorum that guards the key: officers approve, the same command then does it");
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
    throw Error{Errc::bad_input, "profile " + profile.name +
                                     " is a device's; lamp-factory run issues it, or give --csr "
                                     "or --public-key"};
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

/// A certificate that is wanted, and all but the authority's key to make it with.
struct Wish {
  pki::Subject values;
  std::string identity;  ///< as people call it
  std::shared_ptr<Botan::Public_Key> key;
  std::pair<std::string, std::string> proof;  ///< where the key is, or how it came
  std::optional<Holder> holder;               ///< of a key in a token
};

/// The audit record of a fresh certificate.
void record_issue(Host& host, store::Transaction& t, const IssueOptions& o, const Wish& wish,
                  const pki::Issued& fresh) {
  audit::record(t,
                {account_name(),
                 "ca.issue",
                 wish.identity,
                 {{"authority", o.authority},
                  {"profile", o.profile},
                  {"serial", fresh.serial},
                  {"key", pki::key_fingerprint(wish.key->subject_public_key())},
                  wish.proof,
                  {"not-after", format_instant(fresh.not_after)}}},
                host.now(), host.world().rng);
}

Wish wish_for_token(const IssueOptions& o, Host& host, const pki::Profile& profile) {
  require_name(o.name, "name");
  const auto holder = holder_of(host.site(), profile, o);
  // No key is made for an authority that is not there.
  if (o.quorum.empty())
    (void)open_authority(host, o.authority);
  else
    (void)authority_chain(host.site(), o.authority);
  auto key = key_in_token(host, holder.token, holder.label, profile.key, profile.key.role);
  return {values_of(host.site(), o.name, o.values), o.name, std::move(key), {"token", holder.token}, holder};
}

/// The key that somebody brings, checked; what the profile takes from the request joins the values.
Bytes brought_key(const IssueOptions& o, const pki::Profile& profile, pki::Subject& values) {
  if (o.public_key.empty())
    return in_context(o.request, [&] {
      auto request = pki::parse_request(pki::read_request_file(o.request));
      pki::add_request_values(values, profile, request.subject_attributes, request.alternative_names);
      return std::move(request.public_key_info);
    });
  pki::add_request_values(values, profile, {}, {});
  return pki::read_public_key_file(o.public_key);
}

Wish wish_for_key(const IssueOptions& o, const config::Site& site, const pki::Profile& profile) {
  if (profile.authority)
    throw Error{Errc::bad_input, "profile " + profile.name + " is an authority's; lamp-ca create uses it"};
  auto values = values_of(site, o.name, o.values);
  const auto info = brought_key(o, profile, values);
  std::shared_ptr<Botan::Public_Key> key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(info); });
  auto identity = profile.identity.expand(values);
  return {std::move(values),
          std::move(identity),
          std::move(key),
          {"proof", o.request.empty() ? "public key" : "request"},
          std::nullopt};
}

void report(const IssueOptions& o, const Host& host, const Wish& wish, const pki::Issued& issued,
            const std::string& pem, std::ostream& out) {
  const bool existed = issued.outcome == pki::Issued::Outcome::existed;
  const auto file = wish.holder ? shown(host.site(), wish.holder->certificate) : o.output;
  if (o.json) {
    const nlohmann::json all{{"name", wish.identity},
                             {"authority", o.authority},
                             {"profile", o.profile},
                             {"serial", issued.serial},
                             {"existed", existed},
                             {"not-after", format_instant(issued.not_after)},
                             {"certificate", file.empty() ? pem : file}};
    out << all.dump(2) << '\n';
  } else if (file.empty()) {
    out << pem;
  } else {
    fmt::print(out, "certificate of {} {}: {} by {}, serial {},{} until {}: {}\n", wish.identity,
               existed ? "exists" : "issued", o.profile, o.authority, issued.serial,
               wish.holder ? " key '" + wish.holder->label + "' in token " + wish.holder->token + "," : "",
               format_instant(issued.not_after), file);
  }
}

void fulfil(const IssueOptions& o, Host& host, const pki::Profile& profile, const Wish& wish, std::ostream& out) {
  const auto signer = open_authority(host, o.authority);
  const auto issued =
      pki::issue(open_register(host), signer.authority, profile, wish.values, *wish.key, host.now(), host.world().rng,
                 [&](store::Transaction& t, const auto& fresh) { record_issue(host, t, o, wish, fresh); });
  const auto pem = pki::to_pem(chain_to_send(issued.certificate, signer.authority.chain()));
  const auto file = wish.holder ? wish.holder->certificate : std::filesystem::path{o.output};
  if (!file.empty()) publish_if_other(file, pem);
  report(o, host, wish, issued, pem, out);
}

ActRequest request_for(const IssueOptions& o, const config::Site& site, const Wish& wish) {
  return to_issue(
      site, {o.authority, o.profile, wish.identity, wish.values, pki::key_fingerprint(wish.key->subject_public_key()),
             wish.holder ? "token " + wish.proof.second : wish.proof.second});
}

Exit issue(const IssueOptions& o, World& world) {
  const bool brought = !o.request.empty() || !o.public_key.empty();
  if ((!brought && o.name.empty()) || (!o.request.empty() && !o.public_key.empty())) {
    throw UsageError{"name whose certificate it is with --name, or give one of --csr and --public-key"};
  }
  if (!brought && !o.output.empty()) {
    throw UsageError{"site.yaml says where this certificate goes; -o is for --csr and --public-key"};
  }
  auto aside = o.json ? with_prose_aside(world) : world;
  Host host{aside};
  const auto profile = load_profile(host.site(), o.profile);
  const auto wish = brought ? wish_for_key(o, host.site(), profile) : wish_for_token(o, host, profile);
  const auto work = [&] { fulfil(o, host, profile, wish, world.out); };
  if (!o.quorum.empty())
    return by_quorum(host, key_of_authority(host.site(), o.quorum, o.authority), request_for(o, host.site(), wish),
                     work, o.json ? &world.out : nullptr);
  work();
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ca_issue(Tool& tool) {
  tool.verb<IssueOptions>("issue", "Issue a certificate for a key in a token, a request or a public key", declare,
                          issue);
}

}  // namespace lamp::cli
