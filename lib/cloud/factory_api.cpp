// POST /api/v1/factory/records: a line station hands over what it has made.
#include "lib/base/error.hpp"
#include "lib/cloud/factory_intake.hpp"
#include "lib/cloud/router.hpp"
#include "lib/cloud/service.hpp"

namespace lamp::cloud {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{16} * 1024 * 1024;

}  // namespace

void add_factory_routes(Router& router, const Service& service, const OrderPolicy& policy, Alarm alarm) {
  const FactoryIntake intake{service.database, service.clock, service.rng, policy, std::move(alarm)};
  router.add({.method = "POST",
              .pattern = "/api/v1/factory/records",
              .roles = {Role::station},
              .act =
                  [intake](const Request& request) {
                    const auto answers = intake.take(read_batch(request.body), request.caller.name);
                    return Reply{.status = 200, .body = write_answers(answers), .file = std::nullopt};
                  },
              .body_limit = kBatchBytes});
}

}  // namespace lamp::cloud
