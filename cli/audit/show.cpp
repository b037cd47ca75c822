#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/audit/logs.hpp"
#include "cli/audit/tool.hpp"

namespace lamp::cli {
namespace {

struct ShowOptions {
  std::string log = "host";
  std::string action;
  std::uint64_t from = 0;
  bool json = false;
};

void declare(Arguments& a, ShowOptions& o) {
  a.option("--action", o.action, "Only this action, or a whole tool's: ca, ca.issue");
  a.option("--from", o.from, "First index to show");
  a.option("--log", o.log, "Which log: host (default) or cloud");
  a.flag("--json", o.json, "Print one JSON object per line");
}

bool is_wanted(const std::string& action, const std::string& wanted) {
  return wanted.empty() || action == wanted || action.starts_with(wanted + ".");
}

void print_json(const audit::LogEntry& entry, std::ostream& out) {
  nlohmann::json details = nlohmann::json::object();
  for (const auto& [name, value] : entry.event.details) details[name] = value;
  const nlohmann::json line{{"index", entry.index},           {"time", format_instant(entry.at)},
                            {"actor", entry.event.actor},     {"action", entry.event.action},
                            {"subject", entry.event.subject}, {"details", std::move(details)}};
  out << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

void print(const audit::LogEntry& entry, std::ostream& out) {
  fmt::print(out, "{:>5}  {}  {:<12} {:<22} {}", entry.index, format_instant(entry.at), entry.event.actor,
             entry.event.action, entry.event.subject);
  for (const auto& [name, value] : entry.event.details) fmt::print(out, "  {}={}", name, value);
  out << '\n';
}

Exit show(const ShowOptions& options, World& world) {
  const auto log = find_logs(config::Site::find(world.site), options.log).front();
  for (const auto& entry : audit::entries(*open_records(log), options.from)) {
    if (!is_wanted(entry.event.action, options.action)) continue;
    if (options.json)
      print_json(entry, world.out);
    else
      print(entry, world.out);
  }
  return Exit::ok;
}

}  // namespace

void add_audit_show(Tool& tool) {
  tool.verb<ShowOptions>("show", "List records in the order of the log", declare, show);
}

}  // namespace lamp::cli
