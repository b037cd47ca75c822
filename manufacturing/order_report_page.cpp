#include "manufacturing/order_report_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

namespace lamp::manufacturing {
namespace {

constexpr std::string_view kStyle = R"(
@page { size: A4 landscape; margin: 12mm; }
* { box-sizing: border-box; }
body { font: 10pt/1.35 "Liberation Sans", Arial, sans-serif; color: #1b1b1b; margin: 0 auto; max-width: 273mm; padding: 4mm; }
h1 { font-size: 18pt; margin: 0 0 1mm; } h2 { font-size: 12pt; margin: 7mm 0 2mm; border-bottom: 0.4mm solid #1b1b1b; }
p { margin: 0 0 2mm; } .small { font-size: 8pt; color: #444; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.6mm 5mm; margin: 0; } dt { color: #555; } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; font-size: 8.5pt; } thead { display: table-header-group; }
th { text-align: left; border-bottom: 0.3mm solid #1b1b1b; padding: 0.8mm 2mm 0.8mm 0; font-weight: 600; }
td { border-bottom: 0.1mm solid #bbb; padding: 0.8mm 2mm 0.8mm 0; vertical-align: top; } tr { break-inside: avoid; }
td:first-child { white-space: nowrap; } dl + table { margin-top: 3mm; } .key { margin-top: 1.5mm; }
td.n, th.n { text-align: right; } code { font-family: "Liberation Mono", monospace; font-size: 7.5pt; overflow-wrap: anywhere; }
.figures { display: flex; gap: 4mm; margin: 3mm 0; }
.figure { border: 0.3mm solid #999; border-radius: 1mm; padding: 2mm 4mm; min-width: 30mm; } .figure b { display: block; font-size: 18pt; }
.bar { display: flex; height: 7mm; border: 0.3mm solid #1b1b1b; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
.good { background: #2f7d4f; } .scrap { background: #b3392f; } .open { background: repeating-linear-gradient(45deg, #ddd 0 2mm, #fff 2mm 4mm); }
.key span { display: inline-block; width: 4mm; height: 3mm; border: 0.2mm solid #1b1b1b; margin: 0 1mm 0 4mm; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
.hours td.time { width: 36mm; white-space: nowrap; } .hours .bar { height: 3.5mm; border: 0; }
)";

class Page {
 public:
  /// Markup of ours.
  Page& mark(std::string_view markup) {
    out_ += markup;
    return *this;
  }
  /// Text of anybody's.
  Page& text(std::string_view text) {
    for (const char c : text) switch (c) {
        case '<': out_ += "&lt;"; break;
        case '>': out_ += "&gt;"; break;
        case '&': out_ += "&amp;"; break;
        case '"': out_ += "&quot;"; break;
        default: out_ += c;
      }
    return *this;
  }
  template <class... Values>
  Page& form(fmt::format_string<Values...> format, Values&&... values) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Values>(values)...);
    return *this;
  }
  Page& cell(std::string_view value) { return mark("<td>").text(value).mark("</td>"); }
  Page& code_cell(std::string_view value) { return mark("<td><code>").text(value).mark("</code></td>"); }
  Page& entry(std::string_view name, std::string_view value) {
    return mark("<dt>").text(name).mark("</dt><dd>").text(value).mark("</dd>\n");
  }
  Page& head(std::initializer_list<std::string_view> columns) {
    mark("<table><thead><tr>");
    for (const auto column : columns) mark("<th>").text(column).mark("</th>");
    return mark("</tr></thead><tbody>\n");
  }
  [[nodiscard]] std::string finish() && { return std::move(out_); }

 private:
  std::string out_;
};

std::string joined_names(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
  return all.empty() ? "nobody whom this host knows" : all;
}

void put_order(Page& page, const OrderReport& report, const PageSeal& seal) {
  page.mark("<h2>The order</h2><dl>\n");
  page.entry("order", seal.order_id).entry("site", report.site).entry("station", report.station);
  page.entry("approved by", joined_names(seal.approved_by));
  page.entry("from, to", format_instant(seal.order_created) + " to " + format_instant(seal.order_not_after));
  page.entry("closed", report.closed ? format_instant(*report.closed) : "still open");
  page.mark("</dl>\n");
  page.head({"model", "ordered", "serial numbers", "addresses", "device profile (SHA-256)"});
  for (const auto& line : seal.lines) {
    page.mark("<tr>").cell(line.model).form("<td>{}</td>", line.quantity);
    page.cell(line.serial(0) + " to " + line.serial(line.quantity - 1));
    page.cell(line.mac_first.text() + " to " + line.mac_last().text()).code_cell(hex(line.profile)).mark("</tr>\n");
  }
  page.mark("</tbody></table>\n");
}

void put_figures(Page& page, const OrderReport::Counts& counts) {
  const auto open = counts.total - std::min(counts.total, counts.done + counts.scrapped);
  page.mark("<h2>What was made</h2><div class=\"figures\">");
  const auto figure = [&](std::string_view name, std::uint64_t value) {
    page.form("<div class=\"figure\"><b>{}</b>{}</div>", value, name);
  };
  figure("ordered", counts.total);
  figure("good", counts.done);
  figure("scrapped", counts.scrapped);
  figure("not finished", open);
  const auto ended = counts.done + counts.scrapped;
  page.form("<div class=\"figure\"><b>{}</b>yield</div></div>",
            ended == 0
                ? "-"
                : fmt::format("{:.1f} %", 100.0 * static_cast<double>(counts.done) / static_cast<double>(ended)));
  page.mark("<div class=\"bar\">");
  const auto part = [&](std::string_view kind, std::uint64_t value) {
    if (value > 0) page.form("<div class=\"{}\" style=\"flex-grow:{}\"></div>", kind, value);
  };
  part("good", counts.done);
  part("scrap", counts.scrapped);
  part("open", open);
  page.mark(
      "</div><p class=\"small key\"><span class=\"good\"></span>good<span class=\"scrap\"></span>scrapped"
      "<span class=\"open\"></span>not finished</p>\n");
}

/// Good devices by the hour in which they were done.
void put_hours(Page& page, const std::vector<ReportedUnit>& units) {
  std::map<std::string, std::uint64_t> hours;
  std::uint64_t most = 0;
  for (const auto& unit : units)
    for (const auto& step : unit.steps)
      if (step.step == "done") most = std::max(most, ++hours[format_instant(step.at).substr(0, 13)]);
  if (hours.empty()) return;
  page.mark("<h2>By the hour</h2><table class=\"hours\"><tbody>\n");
  for (const auto& [hour, many] : hours)
    page.form(
        "<tr><td class=\"time\">{} {}:00 UTC</td><td class=\"n\">{}</td><td style=\"width:75%\"><div class=\"bar "
        "good\" "
        "style=\"width:{}%\"></div></td></tr>\n",
        hour.substr(0, 10), hour.substr(11), many, std::max<std::uint64_t>(1, many * 100 / most));
  page.mark("</tbody></table>\n");
}

std::string label_text_of(const ReportedUnit& unit) {
  return std::to_string(unit.label_prints) + " printed" + (unit.label_checked ? ", checked" : "");
}

std::string lock_text_of(const ReportedUnit& unit) {
  if (!unit.proof) return unit.lock;
  return unit.lock + "; nonce " + hex(unit.proof->nonce) + ", signature " + hex(unit.proof->signature);
}

void put_units(Page& page, const std::vector<ReportedUnit>& units) {
  page.mark(
      "<h2>Every device</h2>\n<p class=\"small\">The lock is what the device answered after its reset; the signature, "
      "over "
      "the nonce and this answer, is by the key that is certified in it. The certificates are in the signed "
      "report.</p>\n");
  page.head({"serial", "model", "address", "state", "lock, as answered", "certificate (SHA-256)", "label", "service"});
  for (const auto& unit : units) {
    page.mark("<tr>")
        .cell(unit.serial)
        .cell(unit.model)
        .cell(unit.mac.text())
        .cell(unit.state)
        .code_cell(lock_text_of(unit));
    page.code_cell(hex(unit.fingerprint())).cell(label_text_of(unit)).cell(unit.answer ? unit.answer->by : "not asked");
    page.mark("</tr>\n");
  }
  page.mark("</tbody></table>\n");
}

void put_scrapped(Page& page, const std::vector<ReportedUnit>& units) {
  page.mark("<h2>Scrapped</h2>\n");
  const bool any = std::any_of(units.begin(), units.end(), [](const auto& unit) { return unit.scrap.has_value(); });
  if (!any) {
    page.mark("<p>None.</p>\n");
    return;
  }
  page.head({"serial", "model", "when", "by", "reason", "certificate, revoked"});
  for (const auto& unit : units) {
    if (!unit.scrap) continue;
    page.mark("<tr>").cell(unit.serial).cell(unit.model).cell(format_instant(unit.scrap->at)).cell(unit.scrap->by);
    page.cell(unit.scrap->reason).code_cell(unit.certificate_serial.empty() ? "none" : unit.certificate_serial);
    page.mark("</tr>\n");
  }
  page.mark("</tbody></table>\n");
}

void put_seal(Page& page, const OrderReport& report, const PageSeal& seal) {
  page.mark("<h2>Signature</h2><dl>\n");
  page.entry("signed by", seal.signer).entry("at", format_instant(report.made_at)).entry("for", report.made_by);
  page.entry("certificate (SHA-256)", hex(seal.certificate)).entry("signed report (SHA-256)", hex(seal.digest));
  if (report.log)
    page.entry("log", report.log->origin + ", " + std::to_string(report.log->size) + " records, root " +
                          hex(report.log->root));
  page.entry("made with", report.program);
  page.mark(
      "</dl>\n<p class=\"small\">This page is for reading. What counts is the signed report beside it: lamp-factory "
      "report "
      "--verify report.cose</p>\n");
}

}  // namespace

std::string report_page(const OrderReport& report, const PageSeal& seal) {
  Page page;
  page.mark("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Production report, ")
      .text(seal.order_id);
  page.mark("</title><style>").mark(kStyle).mark("</style></head><body>\n<h1>Production report</h1>\n<p>");
  page.text(seal.order_id + ", station " + report.station + ", " + report.site).mark("</p>\n");
  put_order(page, report, seal);
  put_figures(page, report.counts);
  put_hours(page, report.units);
  put_scrapped(page, report.units);
  put_units(page, report.units);
  put_seal(page, report, seal);
  page.mark("</body></html>\n");
  return std::move(page).finish();
}

}  // namespace lamp::manufacturing
