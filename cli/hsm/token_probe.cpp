#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/host.hpp"
#include "cli/hsm/verbs.hpp"
#include "hsm/probe.hpp"

namespace lamp::cli {
namespace {

struct ProbeOptions {
  std::string token;
  bool json = false;
};

void declare(Arguments& a, ProbeOptions& o) {
  a.positional("token", o.token, "Name of the token in site.yaml");
  a.flag("--json", o.json, "Print JSON");
}

std::string_view text(hsm::Outcome outcome) {
  switch (outcome) {
    case hsm::Outcome::works: return "works";
    case hsm::Outcome::missing: return "missing";
    case hsm::Outcome::unsafe: return "unsafe";
  }
  return "";
}

void print_json(const hsm::TokenInfo& info, const std::vector<hsm::Finding>& findings, std::ostream& out) {
  auto all = nlohmann::json::array();
  for (const auto& f : findings) all.push_back({{"what", f.what}, {"outcome", text(f.outcome)}, {"detail", f.detail}});
  out << nlohmann::json{{"label", info.label}, {"serial", info.serial}, {"model", info.model}, {"findings", all}}.dump(
             2)
      << '\n';
}

void print_table(const std::vector<hsm::Finding>& findings, std::ostream& out) {
  for (const auto& f : findings) fmt::print(out, "{:<34} {:<8} {}\n", f.what, text(f.outcome), f.detail);
}

Exit probe(const ProbeOptions& o, World& world) {
  Host host{world};
  auto& token = host.token(o.token);
  const auto findings = token.probe();
  o.json ? print_json(token.info(), findings, world.out) : print_table(findings, world.out);
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
