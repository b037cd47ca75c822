#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/factory/scanner.hpp"
#include "cli/factory/tool.hpp"
#include "cli/host.hpp"
#include "lib/base/error.hpp"
#include "lib/binding/label.hpp"
#include "manufacturing/label_check.hpp"
#include "manufacturing/label_journal.hpp"

namespace lamp::cli {
namespace {

using namespace manufacturing;

struct ScanOptions {
  std::string serial, from;
  std::uint64_t baud = 9600;
  bool json = false;
};

void declare(Arguments& a, ScanOptions& o) {
  a.optional_positional("serial", o.serial, "The device in front of you: another's label is refused");
  a.option("--from", o.from, "Serial port of a scanner, or - for standard input; else what is typed here");
  a.option("--baud", o.baud, "Speed of the serial port: 9600 unless given");
  a.flag("--json", o.json, "Print one JSON object for each label");
}

/// What a scan found. Nothing in it comes from the label but names that are no secret.
struct ScanResult {
  std::string serial, model;
  std::uint64_t prints = 0;
  Verdict verdict;
};

ScanResult check_label(store::Transaction& transaction, const binding::Label& label, const ScanOptions& options,
                       Host& host) {
  ScanResult result{label.serial, label.model, 0, {}};
  const auto unit = find_unit(transaction, label.serial);
  if (!unit) {
    result.verdict.objections.push_back("this host has not made " + label.serial);
    return result;
  }
  result.prints = label_history(transaction, unit->serial).prints;
  result.verdict = judge_label(label, *unit);
  if (!options.serial.empty() && options.serial != label.serial)
    result.verdict.objections.push_back("the device is " + options.serial + ", the label is " + label.serial + "'s");
  std::string reasons;
  for (const auto& objection : result.verdict.objections) reasons += (reasons.empty() ? "" : "; ") + objection;
  const bool agreed = result.verdict.acceptable();
  note_check(transaction, unit->serial, agreed ? Checked::agreed : Checked::refused, account_name(), reasons,
             host.now());
  audit::Event event{account_name(), "factory.label.check", unit->serial, {{"result", agreed ? "agreed" : "refused"}}};
  if (!agreed) event.details.emplace_back("reason", reasons);
  audit::record(transaction, event, host.now(), host.world().rng);
  return result;
}

ScanResult scan_one(const SecureBytes& text, const ScanOptions& options, Host& host) {
  const auto label =
      attempt([&] { return binding::parse_label({reinterpret_cast<const char*>(text.data()), text.size()}); });
  if (const auto* error = std::get_if<Error>(&label)) return {"-", "-", 0, {{error->what()}}};
  return host.database().write(
      [&](store::Transaction& t) { return check_label(t, std::get<binding::Label>(label), options, host); });
}

void tell(const ScanResult& result, const ScanOptions& options, World& world) {
  const bool agreed = result.verdict.acceptable();
  if (options.json) {
    const nlohmann::json line{{"serial", result.serial},
                              {"model", result.model},
                              {"result", agreed ? "agreed" : "refused"},
                              {"reasons", result.verdict.objections},
                              {"prints", result.prints}};
    world.out << line.dump() << '\n' << std::flush;
    return;
  }
  if (agreed)
    fmt::print(world.out, "{:<14} {:<14} agrees with the journal in every field; printed {} time{}\n", result.serial,
               result.model, result.prints, result.prints == 1 ? "" : "s");
  world.out.flush();
  for (const auto& objection : result.verdict.objections)
    world.err << "lamp-factory: refused: " << result.serial << ": " << objection << '\n';
}

Exit scan(const ScanOptions& options, World& world) {
  Host host{world};
  host.database().migrate(journal_schema());
  host.database().migrate(label_schema());
  const auto scanner = open_scanner(options.from, options.baud, world);
  std::uint64_t agreed = 0, refused = 0;
  for (;;) {
    auto scanned = attempt([&] { return scanner->next(); });
    ScanResult result;
    if (const auto* error = std::get_if<Error>(&scanned)) {
      if (error->code() != Errc::bad_input) rethrow(*error);
      result = {"-", "-", 0, {{error->what()}}};
    } else {
      const auto& text = std::get<std::optional<SecureBytes>>(scanned);
      if (!text) break;
      result = scan_one(*text, options, host);
    }
    ++(result.verdict.acceptable() ? agreed : refused);
    tell(result, options, world);
  }
  host.finish();
  if (agreed + refused == 0) throw Error{Errc::bad_input, "no label was scanned"};
  return refused == 0 ? Exit::ok : Exit::refused;
}

}  // namespace

void add_scan(Tool& tool) {
  tool.verb<ScanOptions>("scan", "Hold scanned labels against the journal, and keep that they were checked", declare,
                         scan);
}

}  // namespace lamp::cli
