#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "cli/ota/tool.hpp"
#include "cli/service_session.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"

namespace lamp::cli {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::seconds kPeriod{1};

struct StatusOptions {
  std::string rollout, as;
  bool follow = false, json = false;
};

void declare(Arguments& a, StatusOptions& o) {
  a.optional_positional("rollout", o.rollout, "The rollout's id; the latest of your projects by default");
  a.flag("--follow", o.follow, "Go on until it is finished, paused or aborted");
  a.flag("--json", o.json, "Print the service's answer as JSON, one line for each change");
  a.option("--as", o.as, "Operator of site.yaml; the only one by default");
}

std::string text(const Json& json, const char* name) { return json.at(name).get<std::string>(); }
std::uint64_t number(const Json& json, const char* name) { return json.at(name).get<std::uint64_t>(); }

Json ask(cloud::Client& client, const std::string& rollout) {
  if (!rollout.empty()) {
    require_name(rollout, "rollout");
    return Json::parse(client.get_json("/api/v1/rollouts/" + rollout));
  }
  const auto all = Json::parse(client.get_json("/api/v1/rollouts"));
  const auto& list = all.at("rollouts");
  if (list.empty()) throw Error{Errc::not_found, "your projects have no rollout; run 'lamp-ota start' first"};
  return list.at(0);
}

void print_table(const Json& status, std::ostream& out) {
  fmt::print(out, "rollout {}: {}/{} in project {}, {}\n", text(status, "id"), text(status, "model"),
             text(status, "version"), text(status, "project"), text(status, "state"));
  fmt::print(out, "  {:<14} {:>8} {:>8} {:>8} {:>10} {:>8} {:>8}  {}\n", "WAVE", "DEVICES", "WAITING", "BUSY",
             "INSTALLED", "PROVEN", "FAILED", "BEGINS");
  for (const auto& wave : status.at("waves"))
    fmt::print(out, "  {:<14} {:>8} {:>8} {:>8} {:>10} {:>8} {:>8}  {}\n", text(wave, "name"), number(wave, "devices"),
               number(wave, "waiting"), number(wave, "proceeding"), number(wave, "installed"), number(wave, "proven"),
               number(wave, "failed"), wave.at("begins").is_null() ? "-" : text(wave, "begins"));
  for (const auto& failure : status.at("failures"))
    fmt::print(out, "  failed: {}: {}\n", text(failure, "device"), text(failure, "detail"));
}

/// "canary 1/1, rest 2/3"
std::string summary(const Json& status) {
  std::string line;
  for (const auto& wave : status.at("waves")) {
    line += fmt::format("{}{} {}/{} proven", line.empty() ? "" : ", ", text(wave, "name"), number(wave, "proven"),
                        number(wave, "devices"));
    if (number(wave, "failed") != 0) line += fmt::format(" ({} failed)", number(wave, "failed"));
  }
  return line;
}

/// Shows each change once: in place on a terminal, as lines elsewhere.
class Progress {
 public:
  Progress(World& world, bool json) : world_{world}, json_{json}, in_place_{!json && world.terminal.is_interactive()} {}

  void show(const Json& status) {
    auto now_is = json_ ? status.dump() : summary(status);
    if (now_is == last_) return;
    last_ = std::move(now_is);
    const auto line = json_ ? last_ : format_instant(world_.clock.now()) + "  " + last_;
    if (in_place_)
      world_.out << '\r' << line << "\x1b[K" << std::flush;
    else
      world_.out << line << std::endl;
  }
  void end() {
    if (in_place_) world_.out << '\n';
  }

 private:
  World& world_;
  bool json_, in_place_;
  std::string last_;
};

Exit verdict(const Json& status, World& world) {
  const auto state = text(status, "state");
  if (state != "paused" && state != "aborted") return Exit::ok;
  const auto reason = text(status, "reason");
  world.err << "lamp-ota: refused: rollout " << text(status, "id") << " is " << state
            << (reason.empty() ? "" : ": " + reason) << '\n';
  return Exit::refused;
}

Exit show(const StatusOptions& o, World& world) {
  Host host{world};
  auto client = connect_to_service(host, person_with_role(host.site(), "operator", o.as));
  return guarded(Errc::bad_input, [&] {
    auto status = ask(client, o.rollout);
    const auto id = text(status, "id");
    Progress progress{world, o.json};
    if (o.follow || o.json) progress.show(status);
    while (o.follow && text(status, "state") == "running") {
      std::this_thread::sleep_for(kPeriod);
      status = ask(client, id);
      progress.show(status);
    }
    if (o.follow) progress.end();
    if (!o.json) print_table(status, world.out);
    return verdict(status, world);
  });
}

}  // namespace

void add_ota_status(Tool& tool) { tool.verb<StatusOptions>("status", "Show how far a rollout is", declare, show); }

}  // namespace lamp::cli
