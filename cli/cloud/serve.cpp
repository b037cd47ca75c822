#include <botan/pk_keys.h>
#include <botan/rng.h>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "cli/cloud/cloud_site.hpp"
#include "cli/cloud/stop_signal.hpp"
#include "cli/cloud/tool.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/cloud/client_trust.hpp"
#include "lib/cloud/identity.hpp"
#include "lib/cloud/rollout_api.hpp"
#include "lib/cloud/server.hpp"
#include "lib/cloud/service.hpp"

namespace lamp::cli {
namespace {

constexpr std::chrono::milliseconds kSequencePeriod{250};
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

/// Lines for the service's operator, from any thread.
class Journal {
 public:
  explicit Journal(World& world) : world_{world} {}
  void operator()(const std::string& line) {
    const std::lock_guard lock{mutex_};
    world_.err << "lamp-cloud: " << format_instant(world_.clock.now()) << ' ' << line << std::endl;
  }

 private:
  World& world_;
  std::mutex mutex_;
};

/// Carries audit records into the log four times a second, and once more at the end.
class Sequencer {
 public:
  Sequencer(Host& host, store::Database& database, Journal& journal)
      : host_{host}, database_{database}, journal_{journal}, key_{cloud_log_key(host)} {
    run_once();
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }
  Sequencer(const Sequencer&) = delete;
  Sequencer& operator=(const Sequencer&) = delete;
  ~Sequencer() {
    thread_.request_stop();
    thread_.join();
    report(attempt([this] { return run_once(); }));
  }

 private:
  std::uint64_t run_once() {
    return audit::sequence(database_, cloud_log(host_.site()), *key_, host_.now(), host_.world().rng);
  }
  void report(const Attempt<std::uint64_t>& outcome) {
    if (const auto* failed = std::get_if<Error>(&outcome)) journal_(std::string{"audit log: "} + failed->what());
  }
  void run(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    while (!stop.stop_requested()) {
      std::unique_lock lock{mutex};
      wake.wait_for(lock, stop, kSequencePeriod, [] { return false; });
      report(attempt([this] { return guarded(Errc::unavailable, [this] { return run_once(); }); }));
    }
  }

  Host& host_;
  store::Database& database_;
  Journal& journal_;
  std::shared_ptr<Botan::Private_Key> key_;
  std::jthread thread_;
};

class ReadyFile {
 public:
  explicit ReadyFile(std::string path) : path_{std::move(path)} {
    if (!path_.empty()) publish(path_, std::to_string(::getpid()) + "\n");
  }
  ReadyFile(const ReadyFile&) = delete;
  ReadyFile& operator=(const ReadyFile&) = delete;
  ~ReadyFile() {
    std::error_code gone;
    if (!path_.empty()) std::filesystem::remove(path_, gone);
  }

 private:
  std::string path_;
};

cloud::TlsContext make_tls(Host& host, cloud::ClientTrust& trust) {
  auto identity = server_identity(host);
  const std::shared_ptr<Botan::RandomNumberGenerator> rng{std::shared_ptr<void>{}, &host.world().rng};
  return {identity.chain, std::move(identity.key), trust.accepted(),
          [&trust](const auto& chain) { return trust.fault_in(chain); }, rng};
}

cloud::Router make_router(const cloud::Service& service, const cloud::OrderPolicy& orders, cloud::ClientTrust& trust) {
  cloud::Router router;
  cloud::add_ddi_routes(router, service);
  cloud::add_factory_routes(router, service, orders);
  cloud::add_project_routes(router, service);
  cloud::add_network_routes(router, service);
  cloud::add_rollout_routes(router, service, trust);
  return router;
}

std::chrono::seconds poll_period(const ServeOptions& o, const config::Site& site) {
  const auto seconds = o.poll.value_or(site.demo ? kDemoPoll : kPoll);
  if (seconds < 1 || seconds > 43200) throw Error{Errc::bad_input, "--poll is between 1 and 43200 seconds"};
  return std::chrono::seconds{seconds};
}

Exit serve(const ServeOptions& o, World& world) {
  const StopSignal stop;
  Host host{world};
  const auto& site = host.site();
  Journal journal{world};
  const auto log = [&journal](const std::string& line) { journal(line); };
  const auto database = open_registry(site);
  cloud::ArtifactStore artifacts{site.cloud_artifacts};
  const cloud::Service service{*database, world.clock, world.rng, artifacts, site.cloud_url, poll_period(o, site)};
  auto anchors = client_anchors(site);
  cloud::ClientTrust trust{std::move(anchors.root), std::move(anchors.authorities), world.clock, log};
  const auto router = make_router(service, order_policy(site), trust);
  cloud::Server server{{.address = site.cloud_listen_address, .port = site.cloud_listen_port},
                       make_tls(host, trust),
                       router,
                       cloud::Identifier{trust, *database},
                       log};
  const Sequencer sequencer{host, *database, journal};
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
