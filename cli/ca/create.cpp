#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/ca/create_authority.hpp"
#include "cli/ca/verbs.hpp"

namespace lamp::cli {
namespace {

struct CreateOptions {
  std::string name, profile, issuer;
};

void declare(Arguments& a, CreateOptions& o) {
  a.positional("name", o.name, "Name of the new authority; site.yaml names its token");
  a.required("--profile", o.profile, "Profile of its certificate, lamp-profile(5)");
  a.option("--issuer", o.issuer, "Authority that signs it; without, it signs itself");
}

Exit create(const CreateOptions& o, World& world) {
  Host host{world};
  const auto made = create_authority(host, {o.name, o.profile, o.issuer});
  const bool existed = made.issued.outcome == pki::Issued::Outcome::existed;
  fmt::print(world.out, "authority {} {}: {}, serial {}, key '{}' in token {}, until {}\n", o.name,
             existed ? "exists" : "made", o.profile, made.issued.serial, o.name, made.token,
             format_instant(made.issued.not_after));
  if (host.site().demo && o.issuer.empty())
    fmt::print(world.out,
               "note: this demo root has no quorum: one PIN file opens it. Never trust it for real devices\n");
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ca_create(Tool& tool) {
  tool.verb<CreateOptions>("create", "Make an authority: its key in a token, its certificate, an empty CRL", declare,
                           create);
}

}  // namespace lamp::cli
