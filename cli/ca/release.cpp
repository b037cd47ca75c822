#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>
#include <set>

#include "cli/ca/choice.hpp"
#include "cli/ca/site_lists.hpp"
#include "cli/ca/verbs.hpp"

namespace lamp::cli {
namespace {

struct ReleaseOptions {
  Choice one;
  bool json = false;
};

void declare(Arguments& a, ReleaseOptions& o) {
  declare_choice(a, o.one);
  a.flag("--json", o.json, "Print JSON");
}

bool release_record(Host& host, const pki::Record& found) {
  return open_register(host).write([&](store::Transaction& t) {
    const auto record = pki::find(t, found.authority, found.serial);
    if (!record || !pki::release(t, *record)) return false;
    audit::record(t,
                  {account_name(),
                   "ca.release",
                   record->identity,
                   {{"authority", record->authority}, {"profile", record->profile}, {"serial", record->serial}}},
                  host.now(), host.world().rng);
    return true;
  });
}

Exit release(const ReleaseOptions& o, World& world) {
  if (given(o.one) != 1) {
    world.err << "lamp-ca: error: name one certificate, by --serial, --certificate or --device\n";
    return Exit::usage;
  }
  Host host{world};
  const auto record = find_record(host, o.one);
  const bool changed = release_record(host, record);
  const auto open = open_authority(host, record.authority);
  const std::set<std::int64_t> shards{
      open_register(host).read([&](store::Transaction& t) { return pki::shard_in(t, record.authority, record.tbs); })};
  const auto lists = publish_lists(host, open.authority, &shards);
  if (o.json) {
    const nlohmann::json all{
        {"authority", record.authority}, {"serial", record.serial},
        {"identity", record.identity},   {"profile", record.profile},
        {"released", changed},           {"lists", describe_lists(host.site(), record.authority, lists)}};
    world.out << all.dump(2) << '\n';
  } else {
    fmt::print(world.out, "certificate {} of {} ({} by {}) {}\n", record.serial, record.identity, record.profile,
               record.authority, changed ? "released from hold" : "is not on hold");
    report_lists(host, record.authority, lists);
  }
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ca_release(Tool& tool) {
  tool.verb<ReleaseOptions>("release", "End the hold of a certificate, and publish the CRL", declare, release);
}

}  // namespace lamp::cli
