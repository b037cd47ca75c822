#include "cli/factory/order_report_json.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/error.hpp"

namespace lamp::cli {
namespace {

using manufacturing::OrderReport;
using manufacturing::ReportedUnit;
using ReportJson = nlohmann::json;

ReportJson time_or_null(const std::optional<Instant>& at) {
  return at ? ReportJson(format_instant(*at)) : ReportJson(nullptr);
}

ReportJson note_or_null(const std::optional<ReportedUnit::Note>& note, const char* who) {
  if (!note) return nullptr;
  return {{who, note->by}, {"at", format_instant(note->at)}, {"reason", note->reason}};
}

ReportJson proof_or_null(const std::optional<manufacturing::LockProof>& proof) {
  if (!proof) return nullptr;
  return {{"nonce", hex(proof->nonce)},
          {"state", manufacturing::name_of(proof->state)},
          {"debug_port", proof->debug_port == manufacturing::DebugPort::locked ? "locked" : "open"},
          {"signature", hex(proof->signature)}};
}

ReportJson json_of_unit(const ReportedUnit& unit) {
  auto steps = ReportJson::array();
  for (const auto& step : unit.steps)
    steps.push_back({{"step", step.step}, {"at", format_instant(step.at)}, {"port", step.port}});
  return {{"serial", unit.serial},
          {"model", unit.model},
          {"mac", unit.mac.text()},
          {"chip", unit.chip_id},
          {"state", unit.state},
          {"certificate_serial", unit.certificate_serial},
          {"certificate", base64(unit.certificate)},
          {"certificate_sha256", hex(unit.fingerprint())},
          {"block_sha256", hex(unit.block_digest)},
          {"lock", unit.lock},
          {"lock_proof", proof_or_null(unit.proof)},
          {"steps", std::move(steps)},
          {"label", {{"prints", unit.label_prints}, {"checked", time_or_null(unit.label_checked)}}},
          {"service", note_or_null(unit.answer, "answer")},
          {"scrapped", note_or_null(unit.scrap, "by")}};
}

ReportJson readable(const OrderReport& report) {
  auto units = ReportJson::array(), approvals = ReportJson::array(), issuers = ReportJson::array();
  for (const auto& unit : report.units) units.push_back(json_of_unit(unit));
  for (const auto& approval : report.approvals) approvals.push_back(base64(approval));
  for (const auto& issuer : report.issuers) issuers.push_back(base64(issuer));
  ReportJson log = nullptr;
  if (report.log) log = {{"origin", report.log->origin}, {"size", report.log->size}, {"root", hex(report.log->root)}};
  return {{"site", report.site},
          {"station", report.station},
          {"program", report.program},
          {"made_at", format_instant(report.made_at)},
          {"made_by", report.made_by},
          {"order", base64(report.order)},
          {"approvals", std::move(approvals)},
          {"closed", time_or_null(report.closed)},
          {"counts",
           {{"total", report.counts.total},
            {"begun", report.counts.begun},
            {"done", report.counts.done},
            {"scrapped", report.counts.scrapped}}},
          {"units", std::move(units)},
          {"issuers", std::move(issuers)},
          {"log", std::move(log)}};
}

std::string shown(const ReportJson& json) { return json.dump(2, ' ', false, ReportJson::error_handler_t::replace); }

ReportJson parsed(std::string_view json) {
  auto all = ReportJson::parse(json, nullptr, false);
  if (!all.is_object() || !all.contains("signed") || !all["signed"].is_string() || !all.contains("report"))
    throw Error{Errc::bad_input, "not the JSON of a report: it has \"report\" and \"signed\""};
  return all;
}

}  // namespace

std::string report_json(const OrderReport& report, ByteView signed_report) {
  return shown({{"report", readable(report)}, {"signed", base64(signed_report)}}) + "\n";
}

Bytes signed_report_in(std::string_view json) {
  return in_context("\"signed\"", [&] { return from_base64(parsed(json)["signed"].get<std::string>()); });
}

std::optional<std::string> difference(std::string_view json, const OrderReport& report) {
  // Through the text once, so that what the writer replaces is replaced on both sides.
  const auto expected = ReportJson::parse(shown(readable(report)));
  const auto found = parsed(json)["report"];
  if (found == expected) return std::nullopt;
  const auto patch = ReportJson::diff(found, expected);
  const auto path = patch.empty() ? std::string{"/"} : patch.front().value("path", "/");
  return "report" + path + " is not what was signed";
}

}  // namespace lamp::cli
