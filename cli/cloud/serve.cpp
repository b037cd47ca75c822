#include <botan/pk_keys.h>
#include <botan/rng.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/cloud/cloud_site.hpp"
#include "cli/cloud/tool.hpp"
#include "cli/service_parts.hpp"
#include "cli/stop_signal.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"
#include "lib/cloud/client_trust.hpp"
#include "lib/cloud/identity.hpp"
#include "lib/cloud/rollout_api.hpp"
#include "lib/cloud/server.hpp"
#include "lib/cloud/service.hpp"

namespace lamp::cli {
namespace {

constexpr std::uint64_t kDemoPoll = 2, kPoll = 300;

struct ServeOptions {
  std::string ready_file;
  std::optional<std::uint64_t> poll;
};

void declare(Arguments& a, ServeOptions& o) {
  a.option("--ready-file", o.ready_file, "File to write once the service listens, and to remove when it has stopped");
  a.option("--poll", o.poll,
           "Seconds between a device's questions while there is nothing to do: 300; 2 in a demo site");
}

cloud::TlsContext make_tls(Host& host, cloud::ClientTrust& trust) {
  auto identity = server_identity(host);
  const std::shared_ptr<Botan::RandomNumberGenerator> rng{std::shared_ptr<void>{}, &host.world().rng};
  return {identity.chain, std::move(identity.key), trust.accepted(),
          [&trust](const auto& chain) { return trust.fault_in(chain); }, rng};
}

cloud::Router make_router(const cloud::Service& service, const cloud::OrderPolicy& orders, cloud::ClientTrust& trust,
                          const cloud::Alarm& alarm) {
  cloud::Router router;
  cloud::add_ddi_routes(router, service);
  cloud::add_factory_routes(router, service, orders, alarm);
  cloud::add_project_routes(router, service);
  cloud::add_network_routes(router, service);
  cloud::add_rollout_routes(router, service, trust);
  return router;
}

std::chrono::seconds poll_period(const ServeOptions& o, const config::Site& site) {
  const auto seconds = o.poll.value_or(site.demo ? kDemoPoll : kPoll);
  if (seconds < 1 || seconds > 43200) throw UsageError{"--poll is between 1 and 43200 seconds"};
  return std::chrono::seconds{seconds};
}

Exit serve(const ServeOptions& o, World& world) {
  const StopSignal stop;
  Host host{world};
  const auto& site = host.site();
  Journal journal{world, "lamp-cloud"};
  const auto log = [&journal](const std::string& line) { journal(line); };
  const auto database = open_registry(site);
  cloud::ArtifactStore artifacts{site.cloud_artifacts};
  const cloud::Service service{*database, world.clock, world.rng, artifacts, site.cloud_url, poll_period(o, site)};
  auto anchors = client_anchors(site);
  cloud::ClientTrust trust{std::move(anchors.root), std::move(anchors.authorities), world.clock, log};
  const auto router = make_router(service, order_policy(site), trust, log);
  cloud::Server server{{.address = site.cloud_listen_address, .port = site.cloud_listen_port},
                       make_tls(host, trust),
                       router,
                       cloud::Identifier{trust, *database},
                       log};
  const auto log_key = cloud_log_key(host);
  const Periodic sequencer{"audit log", kSequencePeriod,
                           [&] { (void)audit::sequence(*database, cloud_log(site), *log_key, host.now(), world.rng); },
                           journal};
  const ReadyFile ready{o.ready_file};
  fmt::print(world.out, "serving {} on {}:{}; SIGTERM or Ctrl-C stops it\n", site.cloud_url, site.cloud_listen_address,
             server.port());
  world.out.flush();
  server.run(stop.descriptor());
  fmt::print(world.out, "stopped\n");
  return Exit::ok;
}

}  // namespace

void add_cloud_serve(Tool& tool) {
  tool.verb<ServeOptions>("serve", "Answer devices, stations, installers and operators until told to stop", declare,
                          serve);
}

}  // namespace lamp::cli
