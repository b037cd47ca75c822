#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include "cli/cloud/cloud_site.hpp"
#include "cli/cloud/tool.hpp"
#include "cli/new_key.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/cloud/service.hpp"

namespace lamp::cli {
namespace {

struct InitOptions {};

void declare(Arguments& /*a*/, InitOptions& /*o*/) {}

/// Made once; a key that is there stays, so that init can be run again after a failure.
void make_log_key(Host& host) {
  auto& token = host.token("server");
  if (!token.has_key("log"))
    host.record(make_key(host, {"server", "log", hsm::KeyKind::p256, hsm::KeyUse::sign, "log"}));
  publish(cloud_log(host.site()).directory / "key.pem", Botan::X509::PEM_encode(*token.public_key("log")));
}

Exit init(const InitOptions& /*o*/, World& world) {
  Host host{world};
  const auto& site = host.site();
  if (std::filesystem::exists(site.cloud_database)) {
    const auto database = open_registry(site);
    make_log_key(host);
    finish_cloud(host, *database);
    world.out << "registry " << site.cloud_database.string() << " is there already; its tables are up to date\n";
    return Exit::ok;
  }
  make_log_key(host);
  guarded(Errc::unavailable, [&] {
    std::filesystem::create_directories(site.cloud_database.parent_path());
    std::filesystem::create_directories(site.cloud_artifacts);
  });
  store::Database database{site.cloud_database};
  cloud::migrate(database);
  database.write([&](store::Transaction& t) {
    audit::record(t, {account_name(), "cloud.init", site.name, {{"url", site.cloud_url}}}, host.now(), world.rng);
  });
  finish_cloud(host, database);
  world.out << "registry:  " << site.cloud_database.string()
            << " (SQLite)\nartifacts: " << site.cloud_artifacts.string()
            << "\nlog:       " << cloud_log(site).directory.string() << ", signed by key 'log' in token 'server'\n"
            << "next:      lamp-cloud serve\n";
  return Exit::ok;
}

}  // namespace

void add_cloud_init(Tool& tool) {
  tool.verb<InitOptions>("init", "Make the registry, the folder for artifacts and the service's log", declare, init);
}

}  // namespace lamp::cli
