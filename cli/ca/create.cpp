#include <botan/pk_keys.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/ca/by_quorum.hpp"
#include "cli/ca/create_authority.hpp"
#include "cli/ca/link_roots.hpp"
#include "cli/ca/quorum_requests.hpp"
#include "cli/ca/site_authority.hpp"
#include "cli/ca/verbs.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"
#include "lib/crypto/cose.hpp"

namespace lamp::cli {
namespace {

struct CreateOptions {
  std::string name, profile, issuer, replaces, quorum;
};

void declare(Arguments& a, CreateOptions& o) {
  a.positional("name", o.name, "Name of the new authority; site.yaml names its token");
  a.required("--profile", o.profile, "Profile of its certificate, lamp-profile(5)");
  a.option("--issuer", o.issuer, "Authority that signs it; without, it signs itself");
  a.option("--quorum", o.quorum, "Quorum that guards the signing key: officers approve, the same command then does it");
  a.option("--replaces", o.replaces, "Root that this new root follows: the two certify each other");
}

/// Found out before a key is made.
void require_replaceable(const config::Site& site, const CreateOptions& o) {
  if (o.replaces.empty()) return;
  if (!o.issuer.empty()) throw UsageError{"--replaces is for a root, and a root has no --issuer"};
  if (o.replaces == o.name)
    throw UsageError{"a root cannot replace itself; give the new one a name of its own in site.yaml"};
  if (authority_chain(site, o.replaces).size() != 1)
    throw Error{Errc::denied, "authority " + o.replaces + " is no root; have the new root sign a new one instead"};
}

void report(Host& host, const CreateOptions& o, const CreatedAuthority& made) {
  const bool existed = made.issued.outcome == pki::Issued::Outcome::existed;
  fmt::print(host.world().out, "authority {} {}: {}, serial {}, key '{}' in token {}, until {}\n", o.name,
             existed ? "exists" : "made", o.profile, made.issued.serial, o.name, made.token,
             format_instant(made.issued.not_after));
}

/// What officers approve: the rules by which the certificate is made and, where it is not a root's, the very key.
ActRequest creation(Host& host, const CreateOptions& o) {
  const auto& site = host.site();
  auto content = "make authority " + o.name + " of " + site.name + " by profile " + o.profile + "\nprofile    " +
                 digest_of_profile(site, o.profile) + "\nsigned by  " +
                 (o.issuer.empty() ? "itself: a root" : o.issuer);
  if (!o.issuer.empty()) {
    const auto rules = load_profile(site, o.profile);
    const auto key = key_in_token(host, authority_token(site, o.name), o.name, rules.key, "issuing");
    content += "\nkey        SHA-256 " + hex(cose::key_id(*key->public_key()));
  }
  return {"create", o.name, content};
}

Exit create_by_quorum(Host& host, const CreateOptions& o) {
  if (!o.replaces.empty()) throw UsageError{"--replaces and --quorum do not go together yet"};
  const auto key = key_of_authority(host.site(), o.quorum, o.issuer.empty() ? o.name : o.issuer);
  return by_quorum(host, key, creation(host, o),
                   [&] { report(host, o, create_authority(host, {o.name, o.profile, o.issuer})); });
}

Exit create(const CreateOptions& o, World& world) {
  Host host{world};
  require_replaceable(host.site(), o);
  if (!o.quorum.empty()) return create_by_quorum(host, o);
  const auto made = create_authority(host, {o.name, o.profile, o.issuer});
  report(host, o, made);
  if (host.site().demo && o.issuer.empty())
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
