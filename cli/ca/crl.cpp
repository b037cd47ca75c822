#include "cli/ca/site_lists.hpp"
#include "cli/ca/verbs.hpp"

namespace lamp::cli {
namespace {

struct CrlOptions {
  std::string authority;
  bool check = false;
};

void declare(Arguments& a, CrlOptions& o) {
  a.optional_positional("authority", o.authority, "Authority whose lists to make; with --check, all by default");
  a.flag("--check", o.check, "Make nothing; say which published lists ended, end soon or lack something");
}

Exit crl(const CrlOptions& o, World& world) {
  if (!o.check && o.authority.empty()) {
    world.err << "lamp-ca: error: name the authority whose lists to make\n";
    return Exit::usage;
  }
  Host host{world};
  if (o.check) return check_lists(host, o.authority);
  const auto open = open_authority(host, o.authority);
  report_lists(host, o.authority, publish_lists(host, open.authority));
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ca_crl(Tool& tool) {
  tool.verb<CrlOptions>("crl", "Make and publish an authority's next revocation lists, or check them", declare, crl);
}

}  // namespace lamp::cli
