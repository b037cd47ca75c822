// The whole service on a loopback port, with software keys and a registry of its own, for as long as the object lives.
#pragma once

#include <botan/system_rng.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "lib/cloud/client_trust.hpp"
#include "lib/cloud/order_check.hpp"
#include "lib/cloud/server.hpp"
#include "lib/cloud/service.hpp"
#include "tests/cloud/test_pki.hpp"
#include "tests/registry/fleet.hpp"

namespace lamp::test {

class RunningService {
 public:
  template <class Act>
  decltype(auto) write(Act&& act) {
    return database_.write(std::forward<Act>(act));
  }

  RunningService();
  RunningService(const RunningService&) = delete;
  RunningService& operator=(const RunningService&) = delete;
  ~RunningService();

  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] cloud::Client client(cloud::Identity identity) const;

  /// A certificate of the client authority.
  [[nodiscard]] cloud::Identity person(const std::string& name, const std::string& role) const;
  /// A device that the registry knows; `n` as in record().
  [[nodiscard]] cloud::Identity device(unsigned n, const std::string& model = "smart-lamp");
  /// A device with a certificate of the device authority that nobody told the registry of.
  [[nodiscard]] cloud::Identity unregistered_device(unsigned n) const;

  /// What the service has told its operator; waits a moment until `text` is in it.
  [[nodiscard]] std::string log(const std::string& text = {}) const;

  TemporaryDirectory directory;
  TestAuthority root{"Test Root"};
  TestAuthority devices{"Test Devices", root};
  TestAuthority clients{"Test Clients", root};
  TestAuthority servers{"Test Servers", root};
  FixedClock clock{kNow};

 private:
  [[nodiscard]] cloud::TlsContext make_tls();
  void add_test_routes();

  store::Database database_;
  cloud::ArtifactStore artifacts_;
  cloud::Router router_;
  mutable std::mutex log_mutex_;
  std::string log_;
  std::unique_ptr<cloud::ClientTrust> trust_;
  std::unique_ptr<cloud::Server> server_;
  int stop_ = -1;
  std::jthread thread_;
};

}  // namespace lamp::test
