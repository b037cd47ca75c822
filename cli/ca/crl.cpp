#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/ca/site_authority.hpp"
#include "cli/ca/verbs.hpp"

namespace lamp::cli {
namespace {

struct CrlOptions {
  std::string authority;
};

void declare(Arguments& a, CrlOptions& o) { a.positional("authority", o.authority, "Authority whose list to make"); }

Exit crl(const CrlOptions& o, World& world) {
  Host host{world};
  const auto open = open_authority(host, o.authority);
  const auto list = publish_list(host, open.authority);
  fmt::print(world.out, "CRL {} of {}: {} revoked, until {}: {}\n", list.number, o.authority, list.entries,
             format_instant(list.next_update), shown(host.site(), authority_file(host.site(), o.authority, "crl.der")));
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ca_crl(Tool& tool) {
  tool.verb<CrlOptions>("crl", "Make and publish an authority's next revocation list", declare, crl);
}

}  // namespace lamp::cli
