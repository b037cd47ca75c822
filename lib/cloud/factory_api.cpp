// POST /api/v1/factory/records: a line station hands over what it has made.
#include <map>

#include "lib/audit/record.hpp"
#include "lib/base/error.hpp"
#include "lib/cloud/factory_batch.hpp"
#include "lib/cloud/order_check.hpp"
#include "lib/cloud/router.hpp"
#include "lib/cloud/service.hpp"

namespace lamp::cloud {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{8} * 1024 * 1024;

std::string joined(const std::vector<std::string>& objections) {
  std::string all;
  for (const auto& objection : objections) all += (all.empty() ? "" : "; ") + objection;
  return all;
}

const OrderEvidence* find_order(const FactoryBatch& batch, const std::string& id) {
  for (const auto& order : batch.orders)
    if (order.id == id) return &order;
  return nullptr;
}

/// Everything that speaks against a record before the registry is asked.
std::string objections_to(const registry::FactoryRecord& record, const FactoryBatch& batch, const std::string& station,
                          const OrderPolicy& policy, Instant now) {
  if (record.station != station) return "sent by station " + station + ", made by " + record.station;
  const auto* order = find_order(batch, record.order);
  if (order == nullptr) return "the batch does not hold order " + record.order;
  // Approvals count as of the day they were used: a station may be offline longer than they last.
  auto verdict = judge_order(*order, policy, station, std::min(record.completed_at, now));
  if (verdict.acceptable()) verdict = judge_record(record, OrderTerms::read(order->canonical), now);
  for (auto& objection : judge_certificate(record, policy).objections)
    verdict.objections.push_back(std::move(objection));
  return joined(verdict.objections);
}

void record_intake(store::Transaction& transaction, const Service& service, const registry::FactoryRecord& record,
                   const registry::IntakeResult& result, const std::string& station, Instant now) {
  audit::Event event{station, "cloud.intake.accept", record.serial, {{"model", record.model}, {"order", record.order}}};
  if (result.intake == registry::Intake::parked) {
    event.action = "cloud.intake.park";
    event.details.emplace_back("reason", result.reason);
  }
  audit::record(transaction, event, now, service.rng);
}

Reply take_batch(const Service& service, const OrderPolicy& policy, const Request& request) {
  const auto batch = read_batch(request.body);
  const auto now = service.clock.now();
  const auto& station = request.caller.name;
  std::vector<RecordAnswer> answers;
  for (const auto& record : batch.records) {
    const auto objections = objections_to(record, batch, station, policy, now);
    const auto result = service.database.write([&](store::Transaction& t) {
      auto taken = objections.empty() ? registry::take_in(t, record, now) : registry::park(t, record, objections, now);
      if (taken.first_time) record_intake(t, service, record, taken, station, now);
      return taken;
    });
    answers.push_back({record.serial, result.intake, result.reason});
  }
  return {.status = 200, .body = write_answers(answers), .file = std::nullopt};
}

}  // namespace

void add_factory_routes(Router& router, const Service& service, const OrderPolicy& policy) {
  router.add({.method = "POST",
              .pattern = "/api/v1/factory/records",
              .roles = {Role::station},
              .act = [service, policy](const Request& r) { return take_batch(service, policy, r); },
              .body_limit = kBatchBytes});
}

}  // namespace lamp::cloud
