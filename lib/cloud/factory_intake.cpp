#include "lib/cloud/factory_intake.hpp"

#include <algorithm>
#include <map>

#include "lib/audit/record.hpp"
#include "lib/base/error.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::cloud {
namespace {

std::string all_of(const std::vector<std::string>& objections) {
  std::string all;
  for (const auto& objection : objections) all += (all.empty() ? "" : "; ") + objection;
  return all;
}

/// A roster that cannot be read is the service's trouble, not the station's.
quorum::Roster roster_of(const OrderPolicy& policy) {
  auto roster = attempt([&] { return quorum::Roster::load(policy.roster); });
  if (const auto* error = std::get_if<Error>(&roster))
    throw Error{Errc::unavailable, std::string{"the service cannot judge orders: "} + error->what()};
  return std::get<quorum::Roster>(std::move(roster));
}

/// An order of the batch with what could be found out about it once for all its records.
struct JudgedOrder {
  const OrderEvidence* evidence = nullptr;
  std::optional<OrderTerms> terms;
  Instant latest{};  ///< of its records
  Verdict at_latest;
  std::map<std::string, std::uint64_t> room;  ///< by model: how many more the order allows
};

/// Why a record does not come in. An excess is an alarm: somebody made more than was approved.
struct Objection {
  std::string reason;
  bool is_excess = false;
};

/// One batch's work: what needs no database is done before the transaction begins.
class Batch {
 public:
  Batch(const FactoryBatch& batch, const std::string& station, const OrderPolicy& policy, Instant now)
      : batch_{batch},
        station_{station},
        policy_{policy},
        now_{now},
        roster_{roster_of(policy)},
        certificates_{policy.device_authority} {
    for (const auto& order : batch.orders) orders_[order.id].evidence = &order;
    for (const auto& [order, authority] : policy.order_authorities)
      if (orders_.contains(order)) of_one_order_.emplace(order, authority);
    for (const auto& record : batch.records) {
      auto& order = orders_[record.order];
      order.latest = std::max(order.latest, counted_at(record));
    }
    for (auto& [id, order] : orders_)
      if (order.evidence != nullptr) judge(order);
    for (const auto& record : batch.records) objections_.push_back(object_to(record));
  }

  std::vector<RecordAnswer> take(store::Transaction& transaction, std::vector<audit::Event>& events) {
    for (auto& [id, order] : orders_)
      if (order.terms && order.at_latest.acceptable()) open(transaction, id, order);
    std::vector<RecordAnswer> answers;
    for (std::size_t i = 0; i < batch_.records.size(); ++i) {
      const auto& record = batch_.records[i];
      const auto result = take_one(transaction, record, objections_[i]);
      if (result.first_time) events.push_back(event(record, result, objections_[i]));
      answers.push_back({record.serial, result.intake, result.reason});
    }
    for (const auto& unread : batch_.unread) {
      const auto result =
          registry::park_unread(transaction, unread.serial, station_, as_bytes(unread.text), unread.reason, now_);
      if (result.first_time)
        events.push_back({station_, "cloud.intake.park", unread.serial, {{"reason", unread.reason}}});
      answers.push_back({unread.serial, result.intake, result.reason});
    }
    return answers;
  }

 private:
  /// Approvals count as of the day they were used: a station may be offline longer than they last.
  [[nodiscard]] Instant counted_at(const registry::FactoryRecord& record) const {
    return std::min(record.completed_at, now_);
  }

  /// An approval that counts on the last day counted on every day before.
  void judge(JudgedOrder& order) const {
    order.at_latest = judge_order(*order.evidence, policy_, roster_, station_, order.latest);
    auto terms = attempt([&] { return OrderTerms::read(order.evidence->canonical); });
    if (auto* read = std::get_if<OrderTerms>(&terms)) order.terms = std::move(*read);
  }

  Objection object_to(const registry::FactoryRecord& record) const {
    if (record.station != station_) return {"sent by station " + station_ + ", made by " + record.station, true};
    const auto& order = orders_.at(record.order);
    if (order.evidence == nullptr) return {"the batch does not hold order " + record.order, true};
    auto verdict = order.at_latest.acceptable()
                       ? Verdict{}
                       : judge_order(*order.evidence, policy_, roster_, station_, counted_at(record));
    if (verdict.acceptable() && order.terms) verdict = judge_record(record, *order.terms, now_);
    if (!verdict.acceptable()) return {all_of(verdict.objections), true};
    verdict = judge_certificate(record);
    const auto boxes = attempt([&] { return binding::read_escrow(record.escrow); });
    if (const auto* error = std::get_if<Error>(&boxes)) verdict.objections.emplace_back(error->what());
    const auto keys = attempt([&] { return firmware::read_public_keys(record.public_keys); });
    if (const auto* error = std::get_if<Error>(&keys)) verdict.objections.emplace_back(error->what());
    return {all_of(verdict.objections), false};
  }

  /// By the authority of the record's own order, where it has one, or by the devices' authority.
  [[nodiscard]] Verdict judge_certificate(const registry::FactoryRecord& record) const {
    const auto own = of_one_order_.find(record.order);
    if (own != of_one_order_.end() && own->second.judge(record).acceptable()) return {};
    return certificates_.judge(record);
  }

  void open(store::Transaction& transaction, const std::string& id, JudgedOrder& order) {
    if (registry::recognise_order(transaction, id, order.evidence->canonical, station_, now_) ==
        registry::OrderContent::other) {
      order.terms.reset();
      return;
    }
    for (const auto& line : order.terms->lines) {
      const auto came = static_cast<std::uint64_t>(registry::count_of_order(transaction, id, line.model));
      order.room[line.model] = line.quantity - std::min(line.quantity, came);
    }
  }

  registry::IntakeResult take_one(store::Transaction& transaction, const registry::FactoryRecord& record,
                                  Objection& objection) {
    if (objection.reason.empty() && !registry::is_registered(transaction, record)) count(record, objection);
    if (!objection.reason.empty()) return registry::park(transaction, record, objection.reason, now_);
    auto result = registry::take_in(transaction, record, now_);
    if (result.intake == registry::Intake::accepted && result.first_time) --orders_.at(record.order).room[record.model];
    return result;
  }

  void count(const registry::FactoryRecord& record, Objection& objection) {
    auto& order = orders_.at(record.order);
    if (!order.terms)
      objection = {"order " + record.order + " came with another content before: one of the two was altered", true};
    else if (order.at_latest.acceptable() && order.room[record.model] == 0)
      objection = {"order " + record.order + " is full: every ordered " + record.model + " has come in", true};
  }

  [[nodiscard]] audit::Event event(const registry::FactoryRecord& record, const registry::IntakeResult& result,
                                   const Objection& objection) const {
    audit::Event told{
        station_, "cloud.intake.accept", record.serial, {{"model", record.model}, {"order", record.order}}};
    if (result.intake == registry::Intake::parked) {
      told.action = objection.is_excess ? "cloud.intake.alarm" : "cloud.intake.park";
      told.details.emplace_back("reason", result.reason);
    }
    return told;
  }

  const FactoryBatch& batch_;
  const std::string& station_;
  const OrderPolicy& policy_;
  Instant now_;
  quorum::Roster roster_;
  CertificateJudge certificates_;
  std::map<std::string, CertificateJudge> of_one_order_;
  std::map<std::string, JudgedOrder> orders_;
  std::vector<Objection> objections_;  ///< one for each record
};

}  // namespace

std::vector<RecordAnswer> FactoryIntake::take(const FactoryBatch& batch, const std::string& station) const {
  const auto now = clock_.now();
  std::vector<audit::Event> events;
  std::vector<RecordAnswer> answers;
  Batch work{batch, station, policy_, now};
  database_.write([&](store::Transaction& t) {
    events.clear();
    auto retried = work;  // a transaction may run again
    answers = retried.take(t, events);
    audit::record(t, events, now, rng_);
  });
  if (alarm_)
    for (const auto& event : events)
      if (event.action == "cloud.intake.alarm")
        alarm_("ALARM: station " + station + ": " + event.subject + " is parked: " + event.details.back().second);
  return answers;
}

}  // namespace lamp::cloud
