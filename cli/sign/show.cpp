#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/sign/dossier.hpp"
#include "cli/sign/policy_check.hpp"
#include "cli/sign/tool.hpp"

namespace lamp::cli {
namespace {

struct ShowOptions {
  std::string release;
  bool json = false;
};

void declare(Arguments& a, ShowOptions& o) {
  a.positional("release", o.release, "MODEL/VERSION");
  a.flag("--json", o.json, "Print JSON");
}

nlohmann::json regions_json(const firmware::Request& request) {
  auto all = nlohmann::json::array();
  for (const auto& region : request.signed_regions)
    all.push_back({{"output", region.output},
                   {"key", region.key},
                   {"algorithm", region.algorithm},
                   {"sha256", hex(region.digest)},
                   {"size", region.size}});
  return all;
}

/// Null for firmware.
nlohmann::json application_json(const firmware::Request& request) {
  const auto& application = request.terms.application;
  if (!application) return nullptr;
  return {{"partner", application->partner}, {"name", application->name}, {"permissions", application->permissions}};
}

nlohmann::json revokes_json(const firmware::Request& request) {
  auto all = nlohmann::json::array();
  for (const auto& id : request.terms.revokes) all.push_back(hex(id));
  return all;
}

void print_json(const Dossier& dossier, const quorum::Tally& tally, const std::vector<std::string>& policy,
                std::ostream& out) {
  const auto& r = dossier.request;
  const nlohmann::json all{
      {"model", r.name.model},
      {"version", r.name.version},
      {"application", application_json(r)},
      {"sequence", r.sequence},
      {"epoch", r.epoch},
      {"image", {{"size", r.image_size}, {"sha256", hex(r.image_digest)}}},
      {"payload", {{"size", r.payload_size}, {"sha256", hex(r.payload_digest)}}},
      {"suit-digest", hex(r.suit_digest)},
      {"request", hex(r.digest())},
      {"roster", {{"name", dossier.roster.name}, {"epoch", dossier.roster.epoch}, {"digest", hex(r.roster_digest)}}},
      {"requested", format_instant(r.requested)},
      {"requester", r.requester},
      {"expires", format_instant(r.expires)},
      {"nonce", hex(r.nonce)},
      {"hardware", {{"type", r.terms.hardware.type}, {"revisions", r.terms.hardware.revisions()}}},
      {"signs", regions_json(r)},
      {"revokes", revokes_json(r)},
      {"threshold", dossier.roster.threshold},
      {"required", required_approvals(dossier)},
      {"approved", tally.approved},
      {"missing", tally.missing},
      {"objections", tally.objections},
      {"policy", policy},
      {"sealed", std::filesystem::exists(dossier.files.sealed())}};
  out << all.dump(2) << '\n';
}

void print_tally(const Dossier& dossier, const quorum::Tally& tally, std::ostream& out) {
  const auto required = required_approvals(dossier);
  fmt::print(out, "approvals  {} of {}", tally.approved.size(), required);
  for (const auto& name : tally.approved) out << ' ' << name;
  if (!tally.reaches(required)) out << "; " << quorum::describe_missing(tally, required);
  out << '\n';
  for (const auto& objection : tally.objections) fmt::print(out, "not counted: {}\n", objection);
  if (std::filesystem::exists(dossier.files.sealed()))
    fmt::print(out, "sealed     {}\n", dossier.files.sealed().string());
}

Exit show(const ShowOptions& options, World& world) {
  Host host{world};
  const auto dossier = load_dossier(host, firmware::ReleaseName::parse(options.release));
  const auto tally = count_approvals(dossier, host.now());
  host.database().migrate(firmware::release_schema());
  const bool sealed = std::filesystem::exists(dossier.files.sealed());
  const auto policy = sealed ? Verdict{} : ask_policy(host, release_policy(host), dossier);
  if (options.json) {
    print_json(dossier, tally, policy.objections, world.out);
  } else {
    print_request(world.out, dossier);
    print_tally(dossier, tally, world.out);
    for (const auto& objection : policy.objections) fmt::print(world.out, "policy     {}\n", objection);
  }
  return Exit::ok;
}

}  // namespace

void add_sign_show(Tool& tool) {
  tool.verb<ShowOptions>("show", "Show what is to be approved, and by whom it is", declare, show);
}

}  // namespace lamp::cli
