#include "lib/rollout/policy.hpp"

#include <algorithm>
#include <set>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/rollout/gate_yaml.hpp"

namespace lamp::rollout {

Gate read_gate(const config::Node& node) {
  node.only({"proven-percent", "most-failures", "soak"});
  return {node.at("proven-percent").number(1, 100), node.at("most-failures").number(0, kMostDevices),
          std::chrono::seconds{node.at("soak").number(0, kLongestSoak)}};
}

void write_gate(config::YamlWriter& yaml, const Gate& gate) {
  yaml.begin_map().key("proven-percent").value(gate.proven_percent);
  yaml.key("most-failures").value(gate.most_failures);
  yaml.key("soak").value(static_cast<std::uint64_t>(gate.soak.count())).end_map();
}

Share Share::parse(std::string_view text) {
  if (text == "rest") return {Kind::rest, 0};
  if (text.ends_with('%')) return {Kind::percent, parse_number(text.substr(0, text.size() - 1), "percentage", 1, 100)};
  return {Kind::devices, parse_number(text, "number of devices", 1, kMostDevices)};
}

std::size_t Share::of(std::size_t all, std::size_t left) const {
  switch (kind) {
    case Kind::devices: return std::min(left, static_cast<std::size_t>(number));
    case Kind::percent: return std::min(left, (all * static_cast<std::size_t>(number) + 99) / 100);
    case Kind::rest: break;
  }
  return left;
}

Policy Policy::load(const std::filesystem::path& file) {
  const auto root = config::Node::load(file);
  root.only({"approvals", "waves"});
  Policy policy{file.stem().string(), root.at("approvals").number(1, kMostApprovals), {}};
  const auto waves = root.at("waves").items();
  if (waves.empty() || waves.size() > kMostWaves) root.at("waves").refuse("expected 1 to 100 waves");
  std::set<std::string> names;
  for (const auto& item : waves) {
    item.only({"name", "share", "gate"});
    const auto share = item.at("share");
    WaveRule rule{item.at("name").text(), in_context(share.place(), [&] { return Share::parse(share.text()); }),
                  read_gate(item.at("gate"))};
    require_name(rule.name, item.at("name").place());
    if (!names.insert(rule.name).second) item.refuse("a second wave of this name");
    const bool is_last = policy.waves.size() + 1 == waves.size();
    if ((rule.share.kind == Share::Kind::rest) != is_last) share.refuse("the last wave, and only it, takes the rest");
    policy.waves.push_back(std::move(rule));
  }
  return policy;
}

}  // namespace lamp::rollout
