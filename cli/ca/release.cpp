#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>
#include <set>

#include "cli/ca/by_quorum.hpp"
#include "cli/ca/choice.hpp"
#include "cli/ca/quorum_requests.hpp"
#include "cli/ca/site_lists.hpp"
#include "cli/ca/verbs.hpp"
#include "cli/usage.hpp"

namespace lamp::cli {
namespace {

struct ReleaseOptions {
  Choice one;
  std::string quorum;
  bool json = false;
};

void declare(Arguments& a, ReleaseOptions& o) {
  declare_choice(a, o.one);
  a.option("--quorum", o.quorum, "Quorum that guards the key: officers approve, the same command then does it");
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

/// Also when nothing changed: the run that released it may have been killed before it published.
void release_and_publish(const ReleaseOptions& o, Host& host, const pki::Record& record, std::ostream& out) {
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
    out << all.dump(2) << '\n';
    return;
  }
  fmt::print(out, "certificate {} of {} ({} by {}) {}\n", record.serial, record.identity, record.profile,
             record.authority, changed ? "released from hold" : "is not on hold");
  report_lists(host, record.authority, lists);
}

Exit release(const ReleaseOptions& o, World& world) {
  if (given(o.one) != 1) {
    throw UsageError{"name one certificate, by --serial, --certificate or --device"};
  }
  auto aside = o.json ? with_prose_aside(world) : world;
  Host host{aside};
  const auto record = find_record(host, o.one);
  const auto work = [&] { release_and_publish(o, host, record, world.out); };
  if (!o.quorum.empty())
    return by_quorum(host, key_of_authority(host.site(), o.quorum, record.authority), to_end_hold(record), work,
                     o.json ? &world.out : nullptr);
  work();
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ca_release(Tool& tool) {
  tool.verb<ReleaseOptions>("release", "End the hold of a certificate, and publish the CRL", declare, release);
}

}  // namespace lamp::cli
