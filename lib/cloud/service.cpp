#include "lib/cloud/service.hpp"

#include "lib/audit/record.hpp"
#include "lib/registry/device.hpp"
#include "lib/rollout/executor.hpp"

namespace lamp::cloud {

void migrate(store::Database& database) {
  for (const auto* schema : {&audit::schema(), &registry::schema(), &rollout::schema()}) database.migrate(*schema);
}

}  // namespace lamp::cloud
