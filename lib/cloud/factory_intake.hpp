// The second count: what a station hands over is held against the approved order once more, and taken into the registry
// or parked, whichever way it came, by HTTPS or as a signed file.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/cloud/factory_batch.hpp"
#include "lib/cloud/order_check.hpp"
#include "lib/cloud/service.hpp"

namespace lamp::cloud {

class FactoryIntake {
 public:
  FactoryIntake(store::Database& database, const Clock& clock, Botan::RandomNumberGenerator& rng, OrderPolicy policy,
                Alarm alarm)
      : database_{database}, clock_{clock}, rng_{rng}, policy_{std::move(policy)}, alarm_{std::move(alarm)} {}

  /// Answers for every record, in their order; one transaction for all. A record that speaks of more than was ordered
  /// is parked, recorded as an alarm, and told to the operator. Safe from several threads at once.
  [[nodiscard]] std::vector<RecordAnswer> take(const FactoryBatch& batch, const std::string& station) const;

 private:
  store::Database& database_;
  const Clock& clock_;
  Botan::RandomNumberGenerator& rng_;
  OrderPolicy policy_;
  Alarm alarm_;
};

}  // namespace lamp::cloud
