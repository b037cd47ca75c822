#include <botan/hash.h>
#include <botan/pk_keys.h>
#include <botan/pkix_types.h>
#include <botan/x509cert.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/factory/order_report_issuers.hpp"
#include "cli/factory/order_report_json.hpp"
#include "cli/factory/order_report_verify.hpp"
#include "cli/factory/sync_batches.hpp"
#include "cli/factory/tool.hpp"
#include "cli/usage.hpp"
#include "lib/audit/log.hpp"
#include "lib/audit/note.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/pki/authority.hpp"
#include "lib/pki/signed_document.hpp"
#include "lib/quorum/anchor.hpp"
#include "lib/quorum/roster.hpp"
#include "manufacturing/journal.hpp"
#include "manufacturing/label_journal.hpp"
#include "manufacturing/order_report_page.hpp"

namespace lamp::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kReportLimit = 512ULL << 20;

struct ReportOptions {
  std::string order, output, verify, anchor, roster;
  bool json = false;
};

void declare(Arguments& a, ReportOptions& o) {
  a.option("--order", o.order, "The order's id: writes and signs what was made from it");
  a.option("-o,--output", o.output, "Folder for report.cose, report.json and report.html");
  a.option("--verify", o.verify, "A report.cose or report.json to check instead; needs no site with --anchor");
  a.option("--anchor", o.anchor,
           "With --verify: root certificate (PEM) that the station's and the devices' must lead to");
  a.option("--roster", o.roster, "With --verify: roster whose officers approved the order, lamp-quorum(5)");
  a.flag("--json", o.json, "Print JSON");
}

Bytes digest_sha256(ByteView bytes) { return Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(bytes); }

/// By whom and why units were scrapped is in the audit records alone.
manufacturing::ScrapNotes scrap_notes(store::Database& database) {
  manufacturing::ScrapNotes notes;
  for (const auto& entry : audit::entries(database)) {
    if (entry.event.action != "factory.unit.scrap") continue;
    manufacturing::ReportedUnit::Note note{entry.event.actor, entry.at, {}};
    for (const auto& [name, value] : entry.event.details)
      if (name == "reason") note.reason = value;
    notes[entry.event.subject] = std::move(note);
  }
  return notes;
}

std::optional<manufacturing::OrderReport::Log> log_of(const config::Site& site) {
  const auto file = site.log_directory / "checkpoint";
  if (!fs::exists(file)) return std::nullopt;
  const auto checkpoint = audit::parse_checkpoint(audit::parse_note(read_text_file(file)).text);
  return manufacturing::OrderReport::Log{
      checkpoint.origin, checkpoint.size, {checkpoint.root.begin(), checkpoint.root.end()}};
}

struct MadeReport {
  manufacturing::OrderReport report;
  Bytes message;  ///< COSE_Sign1
  manufacturing::PageSeal seal;
};

MadeReport make_order_report(Host& host, const manufacturing::Order& order) {
  const auto chain = current_certificates(host, order.station);
  const auto scraps = scrap_notes(host.database());
  MadeReport made;
  made.report =
      host.database().read([&](store::Transaction& t) { return manufacturing::collect_report(t, order, scraps); });
  made.report.made_at = host.now();
  made.report.made_by = account_name();
  made.report.program = "lamp-factory " LAMP_VERSION;
  made.report.log = log_of(host.site());
  made.report.issuers = issuers_of(made.report.units, host.site().root / "ca");
  made.message = pki::sign_document(*host.person_key(order.station), chain, made.report.encoded(),
                                    manufacturing::kReportContext, host.world().rng);
  const auto roster_file = quorum::roster_file(host.site().root, host.site().order_quorum);
  const auto approved = fs::exists(roster_file)
                            ? manufacturing::tally(order, quorum::Roster::load(roster_file), order.created).approved
                            : std::vector<std::string>{};
  made.seal = {Botan::X509_Certificate{chain.front()}.subject_dn().to_string(),
               digest_sha256(chain.front()),
               digest_sha256(made.message),
               order.lines,
               approved,
               order.created,
               order.not_after,
               order.id};
  return made;
}

Exit write_report(const ReportOptions& o, World& world) {
  Host host{world};
  host.database().migrate(manufacturing::journal_schema());
  host.database().migrate(manufacturing::label_schema());
  const auto order = host.database().read([&](store::Transaction& t) { return manufacturing::find_order(t, o.order); });
  if (!order)
    throw Error{Errc::not_found,
                "this host has not worked on an order " + o.order + "; 'lamp-factory status' shows the orders"};
  // What was recorded is in the log before the report names the log.
  host.finish();
  const auto made = make_order_report(host, *order);
  const auto folder =
      o.output.empty() ? host.site().root / "factory" / order->station / "reports" / order->id : fs::path{o.output};
  const auto json = report_json(made.report, made.message);
  publish(folder / "report.cose", ByteView{made.message});
  publish(folder / "report.json", json);
  publish(folder / "report.html", manufacturing::report_page(made.report, made.seal));
  host.record({account_name(), "factory.report", order->id, {{"sha256", hex(made.seal.digest)}}});
  host.finish();
  const auto& counts = made.report.counts;
  if (o.json)
    world.out << json;
  else
    fmt::print(world.out, "{}: {} of {} done, {} scrapped; signed by {} into {}\n", order->id, counts.done,
               counts.total, counts.scrapped, order->station, (folder / "report.cose").string());
  return Exit::ok;
}

/// What a report is judged by: named on the command line, or the site's own.
struct Measure {
  ReportAnchors anchors;
  std::optional<quorum::Roster> roster;
  std::uint64_t approvals = 1;
};

Measure measure_of(const ReportOptions& o, const World& world) {
  Measure measure;
  if (!o.anchor.empty()) {
    const auto root = pki::load_certificates(o.anchor).front();
    measure.anchors = {{root}, {root}};
  }
  if (!o.roster.empty()) measure.roster = quorum::Roster::load(o.roster);
  if (!o.anchor.empty()) return measure;
  const auto site = config::Site::find(world.site);
  const auto authorities = site.root / "ca";
  const auto root = pki::load_chain(authorities / "client" / "chain.pem").back();
  const auto device = authorities / "device" / "chain.pem";
  measure.anchors = {{root}, {fs::exists(device) ? pki::load_chain(device).back() : root}};
  measure.approvals = site.order_approvals;
  const auto roster = quorum::roster_file(site.root, site.order_quorum);
  if (!measure.roster && fs::exists(roster)) measure.roster = quorum::Roster::load(roster);
  return measure;
}

nlohmann::json json_of(const manufacturing::UnitFindings& unit) {
  const auto said = [](const manufacturing::Finding& finding) {
    nlohmann::json all{{"standing", manufacturing::name_of(finding.standing)}};
    if (!finding.why.empty()) all["why"] = finding.why;
    return all;
  };
  return {{"serial", unit.serial}, {"certificate", said(unit.certificate)}, {"lock", said(unit.lock)}};
}

void show_units(const std::vector<manufacturing::UnitFindings>& units, std::ostream& out) {
  const auto said = [](const manufacturing::Finding& finding) {
    return std::string{manufacturing::name_of(finding.standing)} +
           (finding.why.empty() ? "" : " (" + finding.why + ")");
  };
  for (const auto& unit : units)
    fmt::print(out, "{}  certificate {}, lock {}\n", unit.serial, said(unit.certificate), said(unit.lock));
}

Exit verify_report(const ReportOptions& o, World& world) {
  const auto measure = measure_of(o, world);
  const auto judged = judge_report_file(read_file(o.verify, kReportLimit), measure.anchors,
                                        measure.roster ? &*measure.roster : nullptr, measure.approvals);
  const bool holds = judged.verdict.acceptable();
  if (o.json) {
    nlohmann::json all{{"file", o.verify},         {"holds", holds},          {"objections", judged.verdict.objections},
                       {"order", judged.order_id}, {"signer", judged.signer}, {"approved_by", judged.approved_by}};
    if (judged.report) all["made_at"] = format_instant(judged.report->made_at);
    all["units"] = nlohmann::json::array();
    for (const auto& unit : judged.units) all["units"].push_back(json_of(unit));
    world.out << all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return holds ? Exit::ok : Exit::refused;
  }
  for (const auto& objection : judged.verdict.objections)
    world.err << "lamp-factory: refused: " << o.verify << ": " << objection << '\n';
  if (!holds) return Exit::refused;
  const auto& report = *judged.report;
  show_units(judged.units, world.out);
  std::string officers;
  for (const auto& name : judged.approved_by) officers += (officers.empty() ? "" : ", ") + name;
  fmt::print(world.out, "{}: {} of {} done, {} scrapped\nsigned by station {} at {}\n", judged.order_id,
             report.counts.done, report.counts.total, report.counts.scrapped, report.station,
             format_instant(report.made_at));
  fmt::print(world.out, "{}\n",
             measure.roster ? "the order was approved by " + officers
                            : "approvals were not counted: name the roster with --roster");
  return Exit::ok;
}

Exit report_order(const ReportOptions& o, World& world) {
  if (o.order.empty() == o.verify.empty()) throw UsageError{"name an order with --order, or a report with --verify"};
  if (o.verify.empty() && (!o.anchor.empty() || !o.roster.empty()))
    throw UsageError{"--anchor and --roster are for --verify"};
  return o.verify.empty() ? write_report(o, world) : verify_report(o, world);
}

}  // namespace

void add_report(Tool& tool) {
  tool.verb<ReportOptions>("report", "Sign what was made from an order, as JSON and as a page; or verify such a report",
                           declare, report_order);
}

}  // namespace lamp::cli
