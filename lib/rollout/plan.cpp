#include "lib/rollout/plan.hpp"

#include <botan/hash.h>

#include <limits>
#include <numeric>

#include "lib/base/parse.hpp"
#include "lib/config/yaml.hpp"
#include "lib/rollout/gate_yaml.hpp"
#include "lib/rollout/plan_form.hpp"

namespace lamp::rollout {
namespace {

constexpr std::uint64_t kMostBytes = 64ULL << 20;

Instant instant_at(const config::Node& node) {
  return in_context(node.place(), [&] { return parse_instant(node.text()); });
}

PlannedRelease read_release(const config::Node& node) {
  node.only({"model", "version", "sequence", "sha256", "size"});
  PlannedRelease release;
  release.model = node.at("model").text();
  require_name(release.model, node.at("model").place());
  release.version =
      in_context(node.at("version").place(), [&] { return Version::parse(node.at("version").text()).text(); });
  release.sequence = node.at("sequence").number(1, std::numeric_limits<std::int64_t>::max());
  release.artifact = in_context(node.at("sha256").place(), [&] { return from_hex(node.at("sha256").text()); });
  if (release.artifact.size() != 32) node.at("sha256").refuse("expected a SHA-256 digest");
  release.size = node.at("size").number(1, kMostBytes);
  return release;
}

Wave read_wave(const config::Node& node) {
  node.only({"name", "gate", "devices"});
  Wave wave{node.at("name").text(), read_gate(node.at("gate")), node.at("devices").texts()};
  require_name(wave.name, node.at("name").place());
  return wave;
}

PlanApproval read_approval(const config::Node& node) {
  node.only({"approver", "certificate", "signature"});
  const auto bytes_at = [&](std::string_view key) {
    return in_context(node.at(key).place(), [&] { return from_base64(node.at(key).text()); });
  };
  return {node.at("approver").text(), bytes_at("certificate"), bytes_at("signature")};
}

Plan read(const config::Node& root) {
  root.only({"project", "release", "created", "created-by", "policy", "approvals-needed", "waves", "approvals"});
  Plan plan;
  plan.project = root.at("project").text();
  require_name(plan.project, root.at("project").place());
  plan.release = read_release(root.at("release"));
  plan.created = instant_at(root.at("created"));
  plan.created_by = root.at("created-by").text();
  plan.policy = root.at("policy").text();
  plan.approvals_needed = root.at("approvals-needed").number(1, kMostApprovals);
  for (const auto& item : root.at("waves").items()) plan.waves.push_back(read_wave(item));
  if (const auto approvals = root.find("approvals"))
    for (const auto& item : approvals->items()) plan.approvals.push_back(read_approval(item));
  if (const auto verdict = check_form(plan); !verdict.acceptable()) root.at("waves").refuse(verdict.objections.front());
  return plan;
}

void write_release(config::YamlWriter& yaml, const PlannedRelease& release) {
  yaml.begin_map().key("model").value(release.model).key("version").value(release.version);
  yaml.key("sequence").value(release.sequence).key("sha256").value(hex(release.artifact));
  yaml.key("size").value(release.size).end_map();
}

void write_wave(config::YamlWriter& yaml, const Wave& wave) {
  yaml.begin_map().key("name").value(wave.name).key("gate");
  write_gate(yaml, wave.gate);
  yaml.key("devices").begin_list();
  for (const auto& device : wave.devices) yaml.value(device);
  yaml.end_list().end_map();
}

}  // namespace

Plan Plan::load(const std::filesystem::path& file) { return read(config::Node::load(file)); }

Plan Plan::parse(std::string_view text, std::string name) { return read(config::Node::parse(text, std::move(name))); }

std::string Plan::yaml() const {
  config::YamlWriter yaml;
  yaml.comment("Rollout " + id() + ", lamp-plan(5). Any change but to the approvals makes them void.");
  yaml.begin_map().key("project").value(project).key("release");
  write_release(yaml, release);
  yaml.key("created").value(format_instant(created)).key("created-by").value(created_by);
  yaml.key("policy").value(policy).key("approvals-needed").value(approvals_needed).key("waves").begin_list();
  for (const auto& wave : waves) write_wave(yaml, wave);
  yaml.end_list();
  if (!approvals.empty()) {
    yaml.key("approvals").begin_list();
    for (const auto& approval : approvals) {
      yaml.begin_map().key("approver").value(approval.approver);
      yaml.key("certificate").value(base64(approval.certificate));
      yaml.key("signature").value(base64(approval.signature)).end_map();
    }
    yaml.end_list();
  }
  yaml.end_map();
  return yaml.text();
}

std::string Plan::id() const {
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  hash->update(canonical());
  return hex(hash->final_stdvec()).substr(0, 16);
}

std::size_t Plan::device_count() const noexcept {
  return std::accumulate(waves.begin(), waves.end(), std::size_t{0},
                         [](std::size_t sum, const Wave& wave) { return sum + wave.devices.size(); });
}

std::vector<Wave> make_waves(const Policy& policy, const std::vector<std::string>& devices) {
  std::vector<Wave> waves;
  auto next = devices.begin();
  for (const auto& rule : policy.waves) {
    const auto left = static_cast<std::size_t>(devices.end() - next);
    const auto end = next + static_cast<std::ptrdiff_t>(rule.share.of(devices.size(), left));
    if (end != next) waves.push_back({rule.name, rule.gate, {next, end}});
    next = end;
  }
  return waves;
}

}  // namespace lamp::rollout
