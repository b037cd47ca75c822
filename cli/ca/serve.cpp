#include <fmt/format.h>
#include <fmt/ostream.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include <botan/pk_keys.h>

#include "cli/ca/ca_service.hpp"
#include "cli/ca/verbs.hpp"
#include "cli/service_parts.hpp"
#include "cli/stop_signal.hpp"
#include "lib/audit/log.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {
namespace {

constexpr std::size_t kConnections = 1024;
constexpr std::chrono::seconds kListPeriod{10};
constexpr std::chrono::seconds kIdle{60};  ///< devices enrol once in days

struct ServeOptions {
  std::string ready_file;
};

void declare(Arguments& a, ServeOptions& o) {
  a.option("--ready-file", o.ready_file, "File to write once the service listens, and to remove when it has stopped");
}

cloud::ServerOptions listen_at(const config::Listen& listen) {
  return {.address = listen.address, .port = listen.port, .workers = 8, .connections = kConnections, .idle = kIdle};
}

/// Both, until told to stop. One that fails ends the other too: half a service would go unnoticed.
void run_both(cloud::Server& https, cloud::Server& http, int stop) {
  const auto run = [stop](cloud::Server& server) {
    auto outcome = attempt([&] {
      server.run(stop);
      return true;
    });
    if (std::holds_alternative<Error>(outcome)) ::kill(::getpid(), SIGTERM);
    return outcome;
  };
  Attempt<bool> other{true};
  {
    const std::jthread beside{[&] { other = run(http); }};
    if (const auto one = run(https); std::holds_alternative<Error>(one)) other = one;
  }
  if (const auto* failed = std::get_if<Error>(&other)) rethrow(*failed);
}

Exit serve(const ServeOptions& o, World& world) {
  const StopSignal stop;
  Host host{world};
  Journal journal{world, "lamp-ca"};
  const auto log = [&journal](const std::string& line) { journal(line); };
  CaService service{host, log};
  const auto& plan = *host.site().ca_service;
  cloud::Server https{listen_at(plan.https), service.tls(), service.https(), service.identify(), log};
  cloud::Server http{listen_at(plan.http), service.http(), service.identify(), log};
  const auto log_key = host.token("host").signing_key("log");
  auto& database = host.database();
  const Periodic sequencer{"audit log", kSequencePeriod,
                           [&] {
                             (void)audit::sequence(database, {host.site().log_directory, host.site().log_origin},
                                                   *log_key, host.now(), world.rng);
                           },
                           journal};
  const Periodic lists{"revocation lists", kListPeriod, [&] { service.renew_lists(); }, journal};
  const ReadyFile ready{o.ready_file};
  fmt::print(world.out, "enrolment on https://{}:{}, lists and OCSP also on http://{}:{}; SIGTERM or Ctrl-C stops it\n",
             plan.https.address, https.port(), plan.http.address, http.port());
  world.out.flush();
  run_both(https, http, stop.descriptor());
  fmt::print(world.out, "stopped\n");
  return Exit::ok;
}

}  // namespace

void add_ca_serve(Tool& tool) {
  tool.verb<ServeOptions>("serve", "Enrol devices (EST), and answer about revocation (CRL, OCSP), until told to stop",
                          declare, serve);
}

}  // namespace lamp::cli
