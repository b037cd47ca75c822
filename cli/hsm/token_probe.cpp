#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/host.hpp"
#include "cli/hsm/verbs.hpp"
#include "hsm/probe.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"

namespace lamp::cli {
namespace {

struct ProbeOptions {
  std::string token, output;
  bool json = false;
};

void declare(Arguments& a, ProbeOptions& o) {
  a.positional("token", o.token, "Name of the token in site.yaml");
  a.flag("--json", o.json, "Print JSON");
  a.option("-o,--output", o.output, "Write the report to this new file too, with date, module and token");
}

using Findings = std::vector<hsm::Finding>;

struct Report {
  const config::TokenPlace& place;
  const hsm::TokenInfo& info;
  const Findings& findings;
  Instant at;

  [[nodiscard]] std::string json() const {
    auto all = nlohmann::json::array();
    for (const auto& f : findings)
      all.push_back({{"name", f.name}, {"what", f.what}, {"outcome", text(f.outcome)}, {"detail", f.detail}});
    const nlohmann::json report{{"time", format_instant(at)},
                                {"lamp", LAMP_VERSION},
                                {"module", place.module.string()},
                                {"label", info.label},
                                {"serial", info.serial},
                                {"model", info.model},
                                {"manufacturer", info.manufacturer},
                                {"firmware", info.firmware},
                                {"findings", all}};
    return report.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
  }

  [[nodiscard]] std::string table() const {
    std::string lines;
    for (const auto& f : findings) lines += fmt::format("{:<38} {:<8} {}\n", f.what, text(f.outcome), f.detail);
    return lines;
  }

  [[nodiscard]] std::string file() const {
    return fmt::format(
               "Probe of token '{}' at {} by lamp-hsm {}\nmodule {}\nlabel {}, serial {}, model {}, manufacturer {}, "
               "firmware {}\n\n",
               place.name, format_instant(at), LAMP_VERSION, place.module.string(), info.label, info.serial, info.model,
               info.manufacturer, info.firmware) +
           table();
  }
};

Exit probe(const ProbeOptions& o, World& world) {
  Host host{world};
  // Before the token is tried, which takes long.
  if (!o.output.empty() && std::filesystem::exists(o.output))
    throw Error{Errc::exists, o.output + " is there already; name a new file for the report"};
  auto& token = host.token(o.token);
  const auto findings = token.probe();
  const Report report{host.site().token(o.token), token.info(), findings, host.now()};
  if (!o.output.empty())
    publish(o.output, std::string_view{o.json ? report.json() : report.file()}, Mode::shared, Existing::refuse);
  world.out << (o.json ? report.json() : report.table());
  const auto unsafe = std::ranges::count(findings, hsm::Outcome::unsafe, &hsm::Finding::outcome);
  if (unsafe == 0) return Exit::ok;
  world.err << "lamp-hsm: refused: token '" << o.token << "' did " << unsafe << " of the things that it must not do\n";
  return Exit::refused;
}

}  // namespace

void add_token_probe(Tool& tool) {
  tool.verb<ProbeOptions>("token probe", "Try what a token really does and refuses", declare, probe);
}

}  // namespace lamp::cli
