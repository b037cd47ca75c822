#include <botan/pk_keys.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <map>
#include <nlohmann/json.hpp>

#include "cli/audit/logs.hpp"
#include "cli/audit/tool.hpp"
#include "cli/usage.hpp"
#include "lib/audit/note.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"

namespace lamp::cli {
namespace {

struct VerifyOptions {
  std::string log;
  std::string key;
  bool json = false;
};

void declare(Arguments& a, VerifyOptions& o) {
  a.option("--log", o.log, "Only this log: host or cloud; all by default");
  a.option("--key", o.key, "The log's public key (PEM); needs --log. key.pem beside the log by default");
  a.flag("--json", o.json, "Print JSON");
}

struct Finding {
  std::string origin, verifier_key;
  audit::Checkpoint checkpoint;
  std::map<std::string, std::uint64_t> actions;
  Verdict verdict;
};

Finding inspect(const SiteLog& log, const std::string& key_file) {
  const auto key = load_log_key(log, key_file);
  const auto database = open_records(log);
  Finding finding{log.place.origin, audit::verifier_key(log.place, *key), {}, {}, {}};
  finding.verdict = audit::verify(*database, log.place, *key);
  // What cannot be read was objected to above; the counts then are of what can.
  (void)attempt([&] {
    const auto note = audit::parse_note(read_text_file(log.place.directory / "checkpoint"));
    finding.checkpoint = audit::parse_checkpoint(note.text);
    return true;
  });
  (void)attempt([&] {
    for (const auto& entry : audit::entries(*database)) ++finding.actions[entry.event.action];
    return true;
  });
  return finding;
}

void print_json(const std::vector<Finding>& findings, bool whole, std::ostream& out) {
  auto logs = nlohmann::json::array();
  for (const auto& f : findings)
    logs.push_back({{"origin", f.origin},
                    {"size", f.checkpoint.size},
                    {"root", base64(f.checkpoint.root)},
                    {"key", f.verifier_key},
                    {"actions", f.actions},
                    {"objections", f.verdict.objections}});
  out << nlohmann::json{{"whole", whole}, {"logs", std::move(logs)}}.dump(2) << '\n';
}

void print(const Finding& finding, std::ostream& out) {
  fmt::print(out, "log {}: {} entries, root {}\n", finding.origin, finding.checkpoint.size,
             base64(finding.checkpoint.root));
  for (const auto& [action, count] : finding.actions) fmt::print(out, "  {:<28} {:>6}\n", action, count);
}

Exit verify(const VerifyOptions& options, World& world) {
  if (!options.key.empty() && options.log.empty()) {
    throw UsageError{"--key is one log's key; say with --log which"};
  }
  std::vector<Finding> findings;
  bool whole = true;
  for (const auto& log : find_logs(config::Site::find(world.site), options.log)) {
    findings.push_back(in_context("log '" + log.name + "'", [&] { return inspect(log, options.key); }));
    whole = whole && findings.back().verdict.acceptable();
  }
  if (options.json) {
    print_json(findings, whole, world.out);
  } else {
    for (const auto& finding : findings) print(finding, world.out);
    if (whole) world.out << (findings.size() == 1 ? "the log is whole\n" : "the logs are whole\n");
  }
  for (const auto& finding : findings)
    for (const auto& objection : finding.verdict.objections)
      world.err << "lamp-audit: refused: " << finding.origin << ": " << objection << '\n';
  return whole ? Exit::ok : Exit::refused;
}

}  // namespace

void add_audit_verify(Tool& tool) {
  tool.verb<VerifyOptions>("verify", "Check that the logs are whole and match their records", declare, verify);
}

}  // namespace lamp::cli
