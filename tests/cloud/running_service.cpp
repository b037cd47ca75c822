#include "tests/cloud/running_service.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/base/file.hpp"
#include "lib/cloud/identity.hpp"
#include "tests/quorum/small_quorum.hpp"

namespace lamp::test {
namespace {

std::shared_ptr<Botan::RandomNumberGenerator> shared_rng() { return {std::shared_ptr<void>{}, &Botan::system_rng()}; }

std::string serial_of(unsigned n) { return record(n).serial; }

}  // namespace

RunningService::RunningService()
    : database_{directory / "registry.db"}, artifacts_{directory / "artifacts"}, stop_{::eventfd(0, EFD_CLOEXEC)} {
  cloud::migrate(database_);
  devices.write_crl(directory / "device.crl");
  clients.write_crl(directory / "client.crl");
  publish(directory / "quorum.yaml", small_quorum().roster.yaml());
  const cloud::Service service{
      database_, clock, Botan::system_rng(), artifacts_, "https://localhost", std::chrono::seconds{300}};
  cloud::add_ddi_routes(router_, service);
  cloud::add_project_routes(router_, service);
  cloud::add_network_routes(router_, service);
  cloud::add_factory_routes(router_, service, {"demo", devices.certificate(), directory / "quorum.yaml", 1});
  add_test_routes();
  const auto log = [this](const std::string& line) {
    const std::lock_guard lock{log_mutex_};
    log_ += line + "\n";
  };
  trust_ = std::make_unique<cloud::ClientTrust>(
      root.certificate(),
      std::vector<cloud::ClientAuthority>{{"device", devices.certificate(), directory / "device.crl"},
                                          {"client", clients.certificate(), directory / "client.crl"}},
      clock, log);
  server_ = std::make_unique<cloud::Server>(cloud::ServerOptions{.workers = 4, .connections = 64}, make_tls(), router_,
                                            cloud::Identifier{*trust_, database_}, log);
  thread_ = std::jthread{[this] { server_->run(stop_); }};
}

RunningService::~RunningService() {
  const std::uint64_t one = 1;
  static_cast<void>(::write(stop_, &one, sizeof one) == sizeof one);
  thread_.join();
  ::close(stop_);
}

cloud::TlsContext RunningService::make_tls() {
  auto server = servers.issue({.name = "localhost", .usage = "PKIX.ServerAuth", .host = "localhost"});
  return {server.chain, server.key, trust_->accepted(), [this](const auto& chain) { return trust_->fault_in(chain); },
          shared_rng()};
}

void RunningService::add_test_routes() {
  const std::vector<cloud::Role> everybody{cloud::Role::installer, cloud::Role::device};
  router_.add({.method = "POST", .pattern = "/test/echo", .roles = everybody, .act = [](const cloud::Request& r) {
                 return cloud::Reply{.content_type = "text/plain", .body = r.body, .file = std::nullopt};
               }});
  publish(directory / "file.bin", std::string(50000, 'a') + std::string(50000, 'b'));
  router_.add({.method = "GET", .pattern = "/test/file", .roles = everybody, .act = [this](const cloud::Request&) {
                 return cloud::Reply{
                     .content_type = "application/octet-stream", .body = {}, .file = directory / "file.bin"};
               }});
  router_.add(
      {.method = "GET", .pattern = "/test/fault", .roles = everybody, .act = [](const cloud::Request&) -> cloud::Reply {
         throw std::runtime_error{"secret detail"};
       }});
}

std::string RunningService::url() const { return "https://localhost:" + std::to_string(port()); }

cloud::Client RunningService::client(cloud::Identity identity) const {
  return {url(), {root.certificate()}, std::move(identity), shared_rng()};
}

cloud::Identity RunningService::person(const std::string& name, const std::string& role) const {
  return clients.issue({.name = name, .unit = role});
}

cloud::Identity RunningService::unregistered_device(unsigned n) const {
  return devices.issue({.name = "device " + serial_of(n), .serial = serial_of(n)});
}

cloud::Identity RunningService::device(unsigned n, const std::string& model) {
  auto identity = unregistered_device(n);
  auto made = record(n, model);
  made.certificate = identity.chain.front();
  write([&](store::Transaction& t) { return registry::take_in(t, made, kNow); });
  return identity;
}

std::string RunningService::log(const std::string& text) const {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  for (;;) {
    {
      const std::lock_guard lock{log_mutex_};
      if (log_.find(text) != std::string::npos || std::chrono::steady_clock::now() > until) return log_;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

}  // namespace lamp::test
