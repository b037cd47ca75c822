#include <nlohmann/json.hpp>

#include "cli/ca/by_quorum.hpp"
#include "cli/ca/quorum_requests.hpp"
#include "cli/ca/site_lists.hpp"
#include "cli/ca/verbs.hpp"
#include "cli/usage.hpp"

namespace lamp::cli {
namespace {

struct CrlOptions {
  std::string authority, quorum;
  bool check = false, json = false;
};

void declare(Arguments& a, CrlOptions& o) {
  a.optional_positional("authority", o.authority, "Authority whose lists to make; with --check, all by default");
  a.option("--quorum", o.quorum,
           "Quorum that guards the authority's key: officers approve, the same command then does it");
  a.flag("--check", o.check, "Make nothing; say which published lists ended, end soon or lack something");
  a.flag("--json", o.json, "Print JSON");
}

void make_lists(Host& host, const CrlOptions& o, std::ostream& out) {
  const auto open = open_authority(host, o.authority);
  const auto lists = publish_lists(host, open.authority);
  if (o.json)
    out << describe_lists(host.site(), o.authority, lists).dump(2) << '\n';
  else
    report_lists(host, o.authority, lists);
}

Exit lists_by_quorum(const CrlOptions& o, World& world) {
  auto aside = o.json ? with_prose_aside(world) : world;
  Host host{aside};
  return by_quorum(
      host, key_of_authority(host.site(), o.quorum, o.authority), to_publish_lists(host, o.authority),
      [&] { make_lists(host, o, world.out); }, o.json ? &world.out : nullptr);
}

Exit crl(const CrlOptions& o, World& world) {
  if (!o.check && o.authority.empty()) {
    throw UsageError{"name the authority whose lists to make"};
  }
  if (!o.check && !o.quorum.empty()) return lists_by_quorum(o, world);
  Host host{world};
  if (o.check) return check_lists(host, o.authority, o.json);
  make_lists(host, o, world.out);
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ca_crl(Tool& tool) {
  tool.verb<CrlOptions>("crl", "Make and publish an authority's next revocation lists, or check them", declare, crl);
}

}  // namespace lamp::cli
