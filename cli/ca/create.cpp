#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/ca/create_authority.hpp"
#include "cli/ca/link_roots.hpp"
#include "cli/ca/site_authority.hpp"
#include "cli/ca/verbs.hpp"
#include "lib/base/error.hpp"

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

/// Found out before a key is made.
void require_replaceable(const config::Site& site, const CreateOptions& o) {
  if (o.replaces.empty()) return;
  if (!o.issuer.empty()) throw Error{Errc::bad_input, "--replaces is for a root, and a root has no --issuer"};
  if (o.replaces == o.name)
    throw Error{Errc::bad_input, "a root cannot replace itself; give the new one a name of its own in site.yaml"};
  if (authority_chain(site, o.replaces).size() != 1)
    throw Error{Errc::denied, "authority " + o.replaces + " is no root; have the new root sign a new one instead"};
}

Exit create(const CreateOptions& o, World& world) {
  Host host{world};
  require_replaceable(host.site(), o);
  const auto made = create_authority(host, {o.name, o.profile, o.issuer});
  const bool existed = made.issued.outcome == pki::Issued::Outcome::existed;
  fmt::print(world.out, "authority {} {}: {}, serial {}, key '{}' in token {}, until {}\n", o.name,
             existed ? "exists" : "made", o.profile, made.issued.serial, o.name, made.token,
             format_instant(made.issued.not_after));
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
