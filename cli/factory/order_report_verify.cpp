#include "cli/factory/order_report_verify.hpp"

#include <botan/pkix_types.h>
#include <botan/x509cert.h>

#include <algorithm>

#include "cli/factory/order_report_json.hpp"
#include "lib/cloud/order_check.hpp"
#include "lib/pki/path.hpp"
#include "lib/pki/signed_document.hpp"
#include "lib/quorum/approval.hpp"

namespace lamp::cli {
namespace {

using manufacturing::OrderReport;

void take_objections(Verdict& to, Verdict&& from) {
  for (auto& objection : from.objections) to.objections.push_back(std::move(objection));
}

/// Who signed must be the station that the report names.
Verdict judge_station(const Botan::X509_Certificate& leaf, const OrderReport& report) {
  const auto names = leaf.subject_info("X520.CommonName"), units = leaf.subject_info("X520.OrganizationalUnit");
  if (names.size() == 1 && units.size() == 1 && units.front() == "station" && names.front() == report.station)
    return {};
  return {{"signed by " + leaf.subject_dn().to_string() + ", who is not station " + report.station}};
}

/// Every unit within the order that was approved.
Verdict judge_units(const OrderReport& report, const cloud::OrderTerms& terms) {
  Verdict verdict;
  std::uint64_t total = 0;
  for (const auto& line : terms.lines) total += line.quantity;
  if (total != report.counts.total)
    verdict.objections.push_back("the order is for " + std::to_string(total) + " devices, the report says " +
                                 std::to_string(report.counts.total));
  if (terms.site != report.site || terms.station != report.station)
    verdict.objections.push_back("the order is for station " + terms.station + " of " + terms.site);
  for (const auto& unit : report.units) {
    const auto line = std::find_if(terms.lines.begin(), terms.lines.end(),
                                   [&](const auto& candidate) { return candidate.model == unit.model; });
    const auto index = line == terms.lines.end() ? std::nullopt
                                                 : manufacturing::OrderLine{line->model,
                                                                            line->quantity,
                                                                            {},
                                                                            line->serial_prefix,
                                                                            line->serial_first,
                                                                            MacAddress::from_number(line->mac_first)}
                                                       .index_of(unit.serial);
    if (!index || unit.mac.number() - line->mac_first >= line->quantity)
      verdict.objections.push_back(unit.serial + " is not within the order: model, serial number or address");
  }
  return verdict;
}

/// As of the first act on the order: approvals may have ended since.
Instant first_act(const OrderReport& report) {
  auto first = report.made_at;
  for (const auto& unit : report.units)
    if (!unit.steps.empty()) first = std::min(first, unit.steps.front().at);
  return first;
}

Verdict judge_order_of(const OrderReport& report, const quorum::Roster* roster, std::uint64_t approvals,
                       JudgedReport& judged) {
  const auto terms = cloud::OrderTerms::read(report.order);
  judged.order_id = terms.id;
  auto verdict = judge_units(report, terms);
  if (roster == nullptr) return verdict;
  const auto tally = quorum::tally(report.approvals, *roster, report.order, quorum::kOrderContext, first_act(report));
  judged.approved_by = tally.approved;
  if (!tally.reaches(approvals)) {
    verdict.objections.push_back("the order has " + std::to_string(tally.approved.size()) + " of " +
                                 std::to_string(approvals) + " approvals");
    verdict.objections.insert(verdict.objections.end(), tally.objections.begin(), tally.objections.end());
  }
  return verdict;
}

JudgedReport judge_document(const pki::SignedDocument& document, const ReportAnchors& anchors,
                            const quorum::Roster* roster, std::uint64_t approvals) {
  JudgedReport judged;
  judged.verdict = pki::judge_signature(document, manufacturing::kReportContext);
  if (!judged.verdict.acceptable()) return judged;
  auto report = OrderReport::parse(document.content);
  const auto leaf = document.certificates().front();
  judged.signer = leaf.subject_dn().to_string();
  judged.verdict = pki::judge_signer(document, anchors.stations, pki::PathUse::tls_client, report.made_at);
  take_objections(judged.verdict, judge_station(leaf, report));
  take_objections(judged.verdict, manufacturing::judge_report(report));
  judged.units = manufacturing::prove_units(report, anchors.devices);
  take_objections(judged.verdict, manufacturing::judge_findings(judged.units));
  take_objections(judged.verdict, judge_order_of(report, roster, approvals, judged));
  judged.report = std::move(report);
  return judged;
}

}  // namespace

JudgedReport judge_report_file(const Bytes& file, const ReportAnchors& anchors, const quorum::Roster* roster,
                               std::uint64_t approvals) {
  const auto judged = attempt([&] {
    const bool is_json = !file.empty() && file.front() == '{';
    const auto text = is_json ? to_text(file) : std::string{};
    const auto document = pki::SignedDocument::parse(is_json ? signed_report_in(text) : file);
    auto result = judge_document(document, anchors, roster, approvals);
    if (is_json && result.report)
      if (auto altered = difference(text, *result.report)) result.verdict.objections.push_back(std::move(*altered));
    return result;
  });
  // Whatever cannot be read was not signed like that.
  if (const auto* error = std::get_if<Error>(&judged)) {
    JudgedReport refused;
    refused.verdict.objections.emplace_back(error->what());
    return refused;
  }
  return std::get<JudgedReport>(judged);
}

}  // namespace lamp::cli
