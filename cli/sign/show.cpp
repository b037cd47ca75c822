#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/sign/dossier.hpp"
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

void print_json(const Dossier& dossier, const quorum::Tally& tally, std::ostream& out) {
  const auto& r = dossier.request;
  const nlohmann::json all{
      {"model", r.name.model},
      {"version", r.name.version},
      {"sequence", r.sequence},
      {"epoch", r.epoch},
      {"image", {{"size", r.image_size}, {"sha256", hex(r.image_digest)}}},
      {"payload", {{"size", r.payload_size}, {"sha256", hex(r.payload_digest)}}},
      {"suit-digest", hex(r.suit_digest)},
      {"request", hex(r.digest())},
      {"roster", {{"name", dossier.roster.name}, {"epoch", dossier.roster.epoch}, {"digest", hex(r.roster_digest)}}},
      {"requested", format_instant(r.requested)},
      {"requester", r.requester},
      {"threshold", dossier.roster.threshold},
      {"approved", tally.approved},
      {"missing", tally.missing},
      {"objections", tally.objections},
      {"sealed", std::filesystem::exists(dossier.files.sealed())}};
  out << all.dump(2) << '\n';
}

void print_tally(const Dossier& dossier, const quorum::Tally& tally, std::ostream& out) {
  fmt::print(out, "approvals  {} of {}", tally.approved.size(), dossier.roster.threshold);
  for (const auto& name : tally.approved) out << ' ' << name;
  if (!tally.reaches(dossier.roster.threshold))
    out << "; " << quorum::describe_missing(tally, dossier.roster.threshold);
  out << '\n';
  for (const auto& objection : tally.objections) fmt::print(out, "not counted: {}\n", objection);
  if (std::filesystem::exists(dossier.files.sealed()))
    fmt::print(out, "sealed     {}\n", dossier.files.sealed().string());
}

Exit show(const ShowOptions& options, World& world) {
  Host host{world};
  const auto dossier = load_dossier(host, firmware::ReleaseName::parse(options.release));
  const auto tally = count_approvals(dossier, host.now());
  if (options.json) {
    print_json(dossier, tally, world.out);
  } else {
    print_request(world.out, dossier);
    print_tally(dossier, tally, world.out);
  }
  return Exit::ok;
}

}  // namespace

void add_sign_show(Tool& tool) {
  tool.verb<ShowOptions>("show", "Show what is to be approved, and by whom it is", declare, show);
}

}  // namespace lamp::cli
