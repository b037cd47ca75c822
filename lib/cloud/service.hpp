// What every endpoint works on, and the endpoints by subject.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/cloud/artifacts.hpp"
#include "lib/store/database.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::cloud {

class Router;
struct OrderPolicy;

/// Tells the service's operator at once, from any thread.
using Alarm = std::function<void(const std::string&)>;

/// Non-owning; everything in it may be used from several threads at once.
struct Service {
  store::Database& database;
  const Clock& clock;
  Botan::RandomNumberGenerator& rng;
  ArtifactStore& artifacts;
  std::string url;                 ///< https://host:port that devices and people use, for links in answers
  std::chrono::seconds poll{300};  ///< how often a device without work asks; spread by a fifth either way
};

/// hawkBit's Direct Device Integration below /default/controller/v1: devices only.
void add_ddi_routes(Router& router, const Service& service);
/// POST /api/v1/factory/records: stations only. `alarm` hears when more was made than was ordered.
void add_factory_routes(Router& router, const Service& service, const OrderPolicy& policy, Alarm alarm = {});
/// /api/v1/whoami, claims and projects' devices.
void add_project_routes(Router& router, const Service& service);
/// /api/v1/networks.
void add_network_routes(Router& router, const Service& service);

/// Tables of everything that the endpoints use.
void migrate(store::Database& database);

}  // namespace lamp::cloud
