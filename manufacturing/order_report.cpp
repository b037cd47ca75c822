#include "manufacturing/order_report.hpp"

#include <set>

#include "lib/crypto/sha256.hpp"
#include "manufacturing/handover.hpp"
#include "manufacturing/journal.hpp"
#include "manufacturing/label_journal.hpp"

namespace lamp::manufacturing {
namespace {

std::vector<ReportedUnit::Step> steps_of(store::Transaction& transaction, const std::string& chip_id) {
  std::vector<ReportedUnit::Step> steps;
  for (const auto& row :
       transaction.query("SELECT step, at, port FROM unit_step WHERE chip_id = ? ORDER BY number", {chip_id}))
    steps.push_back({row.text(0), from_unix_seconds(row.integer(1)), row.text(2)});
  return steps;
}

ReportedUnit reported(store::Transaction& transaction, const Unit& unit, const ScrapNotes& scraps) {
  ReportedUnit said{.serial = unit.serial,
                    .model = unit.model,
                    .chip_id = unit.chip_id,
                    .mac = unit.mac,
                    .state = std::string{name_of(unit.state)},
                    .certificate_serial = unit.certificate_serial,
                    .certificate = unit.certificate,
                    .block_digest = unit.block_digest,
                    .lock = unit.lock,
                    .steps = steps_of(transaction, unit.chip_id)};
  said.proof = unit.proof;
  const auto label = label_history(transaction, unit.serial);
  said.label_prints = label.prints;
  said.label_checked = label.agreed_at;
  if (const auto answer = find_answer(transaction, unit.serial))
    said.answer = {answer->state == SyncState::accepted ? "accepted" : "parked", answer->at, answer->reason};
  if (unit.state == UnitState::scrapped) {
    const auto note = scraps.find(unit.serial);
    said.scrap = note == scraps.end() ? ReportedUnit::Note{"", unit.updated, ""} : note->second;
  }
  return said;
}

/// What a unit that is done must have.
void judge_done(const ReportedUnit& unit, Verdict& verdict) {
  const auto object = [&](const char* what) { verdict.objections.push_back(unit.serial + " is done " + what); };
  if (unit.certificate.empty()) object("without a certificate");
  if (unit.block_digest.empty()) object("without a credential block");
  if (!unit.lock.starts_with("locked")) object("without the device's answer that it is locked");
  if (!unit.proof && !unit.lock.starts_with(kReadBack)) object("without the device's signature that it is locked");
}

}  // namespace

Bytes ReportedUnit::fingerprint() const { return certificate.empty() ? Bytes{} : crypto::sha256(certificate); }

OrderReport collect_report(store::Transaction& transaction, const Order& order, const ScrapNotes& scraps) {
  OrderReport report;
  report.site = order.site;
  report.station = order.station;
  report.order = order.canonical();
  report.approvals = order.signatures();
  const auto closed = transaction.query_one(
      "SELECT closed FROM production_order WHERE order_id = ? AND closed IS NOT NULL", {order.id});
  if (closed) report.closed = from_unix_seconds(closed->integer(0));
  const auto counted = count(transaction, order);
  report.counts = {counted.total, counted.begun, counted.done, counted.scrapped};
  for (const auto& unit : units(transaction))
    if (unit.order == order.id) report.units.push_back(reported(transaction, unit, scraps));
  return report;
}

Verdict judge_report(const OrderReport& report) {
  Verdict verdict;
  std::set<std::string> serials, chips;
  std::set<MacAddress> addresses;
  std::set<Bytes> certificates, nonces;
  OrderReport::Counts counted;
  counted.total = report.counts.total;
  counted.begun = report.units.size();
  for (const auto& unit : report.units) {
    const auto twice = [&](bool is_new, const char* what) {
      if (!is_new) verdict.objections.push_back(unit.serial + ": its " + what + " is there twice");
    };
    twice(serials.insert(unit.serial).second, "serial number");
    twice(chips.insert(unit.chip_id).second, "chip");
    twice(addresses.insert(unit.mac).second, "address");
    twice(unit.certificate.empty() || certificates.insert(unit.certificate).second, "certificate");
    twice(!unit.proof || nonces.insert(unit.proof->nonce).second, "lock's nonce");
    if (unit.state == "done") {
      ++counted.done;
      judge_done(unit, verdict);
    }
    if (unit.state == "scrapped") ++counted.scrapped;
    if ((unit.state == "scrapped") != unit.scrap.has_value())
      verdict.objections.push_back(unit.serial + ": its state and the note that it was scrapped disagree");
  }
  if (counted != report.counts)
    verdict.objections.push_back(
        "the counts say " + std::to_string(report.counts.begun) + " begun, " + std::to_string(report.counts.done) +
        " done, " + std::to_string(report.counts.scrapped) + " scrapped; the units are " +
        std::to_string(counted.begun) + ", " + std::to_string(counted.done) + ", " + std::to_string(counted.scrapped));
  if (counted.begun > counted.total)
    verdict.objections.push_back(std::to_string(counted.begun) + " units were begun of " +
                                 std::to_string(counted.total) + " that were ordered");
  return verdict;
}

}  // namespace lamp::manufacturing
