#include <nlohmann/json.hpp>

#include "cli/ca/by_quorum.hpp"
#include "cli/ca/site_lists.hpp"
#include "cli/ca/verbs.hpp"

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

/// Officers are shown each certificate that the lists will say is revoked.
ActRequest lists(Host& host, const std::string& authority) {
  pki::Filter filter;
  filter.authority = authority;
  filter.state = pki::State::revoked;
  const auto revoked = open_register(host).read([&](store::Transaction& t) { return pki::list(t, filter); });
  auto content = "make and publish the next revocation lists of authority " + authority + "\nrevoked    " +
                 std::to_string(revoked.size());
  for (const auto& record : revoked) content += "\n  " + record.serial + "  " + record.identity;
  return {"crl", authority, content};
}

void make_lists(Host& host, const CrlOptions& o) {
  const auto open = open_authority(host, o.authority);
  const auto lists = publish_lists(host, open.authority);
  if (o.json)
    host.world().out << describe_lists(host.site(), o.authority, lists).dump(2) << '\n';
  else
    report_lists(host, o.authority, lists);
}

Exit crl(const CrlOptions& o, World& world) {
  if (!o.check && o.authority.empty()) {
    world.err << "lamp-ca: error: name the authority whose lists to make\n";
    return Exit::usage;
  }
  Host host{world};
  if (o.check) return check_lists(host, o.authority, o.json);
  if (!o.quorum.empty())
    return by_quorum(host, o.quorum, o.authority, lists(host, o.authority), [&] { make_lists(host, o); });
  make_lists(host, o);
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ca_crl(Tool& tool) {
  tool.verb<CrlOptions>("crl", "Make and publish an authority's next revocation lists, or check them", declare, crl);
}

}  // namespace lamp::cli
