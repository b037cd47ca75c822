#include <botan/pk_keys.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "cli/hsm/enrol.hpp"
#include "cli/hsm/quorum.hpp"
#include "cli/hsm/quorum_so_pin.hpp"
#include "cli/quorum_act.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/quorum/hybrid.hpp"
#include "lib/quorum/share.hpp"

namespace lamp::cli {
namespace {

struct ApproveOptions {
  std::string act, officer;
};

void declare(Arguments& a, ApproveOptions& o) {
  a.positional("act", o.act, "Name of the act, a folder in acts/");
  a.required("--as", o.officer, "The officer who approves, as the roster names them");
}

quorum::Act load_act(const quorum::ActFiles& files) {
  if (!std::filesystem::exists(files.act()))
    throw Error{Errc::not_found,
                files.act().string() + " is not there: copy the folder from the host that asks for it"};
  return in_context(files.act().string(), [&] { return quorum::Act::parse(read_file(files.act())); });
}

void require_open(Host& host, const quorum::Act& act, const quorum::Roster& roster) {
  if (act.roster_digest != roster.digest())
    throw Error{Errc::denied, "the act was asked for under another roster than " + roster.name + " epoch " +
                                  std::to_string(roster.epoch)};
  if (act.expires <= host.now()) throw Error{Errc::denied, "the act expired at " + format_instant(act.expires)};
  if (host.database().read([&](store::Transaction& t) { return quorum::was_done(t, act); }))
    throw Error{Errc::denied, "the act was done already; there is nothing left to approve"};
}

/// What the officer handed in before, when its approval counts.
std::optional<quorum::Contribution> earlier(Host& host, const quorum::ActFiles& files, const quorum::Act& act,
                                            const quorum::Roster& roster, const std::string& officer) {
  const auto handed_in = quorum::read_contributions(files.directory() / "approvals");
  const auto tally = quorum::tally(handed_in.contributions, roster, act, host.now());
  const auto it = std::ranges::find(handed_in.contributions, officer, &quorum::Contribution::officer);
  if (it == handed_in.contributions.end() || std::ranges::find(tally.approved, officer) == tally.approved.end())
    return std::nullopt;
  return *it;
}

/// The SO PIN whose shares are needed as well: who replaces officers deals it anew, and who recovers the token uses it.
std::optional<quorum::SoPin> so_pin_needed(Host& host, const quorum::Act& act, const quorum::Roster& roster) {
  if (act.kind != quorum::kReplaceKind && act.kind != quorum::kRecoverKind) return std::nullopt;
  auto kept = load_so_pin(host, roster);
  if (kept && !kept->dealt()) kept.reset();
  return kept;
}

Exit approve(const ApproveOptions& o, World& world) {
  require_name(o.act, "act");
  Host host{world};
  const quorum::ActFiles files{host.site().root, o.act};
  const auto act = load_act(files);
  const auto roster = known_quorum(host, act.quorum);
  require_open(host, act, roster);
  const auto* officer = roster.find(o.officer);
  if (officer == nullptr) throw Error{Errc::denied, o.officer + " is not an officer of roster " + roster.name};
  for (const auto& line : quorum::describe(act, roster)) world.out << line << '\n';
  fmt::print(world.out, "act        SHA-256 {}\nquorum     {} epoch {}, digest {}\nrequested  {} by {}\n",
             hex(act.digest()), roster.name, roster.epoch, hex(act.roster_digest), format_instant(act.requested),
             act.requester);

  const auto dealing = quorum::Dealing::load(quorum::DealingFiles{host.site().root, roster.name}.current, roster);
  const auto before = earlier(host, files, act, roster, officer->name);
  const auto so_pin = so_pin_needed(host, act, roster);
  const bool hybrid = quorum::renews_hybrid_key(act, roster);
  const bool whole =
      before && (!so_pin || !before->sealed_so_share.empty()) && (!hybrid || !before->sealed_hybrid_share.empty());
  if (whole && before->dealing >= dealing.number) {
    fmt::print(world.out, "{} approved this before; nothing was changed.\n", officer->name);
    return Exit::ok;
  }
  auto contribution = before.value_or(quorum::Contribution{officer->name, {}, {}});
  if (!before) contribution.approval = quorum::approve(*host.person_key(officer->name), roster, act, world.rng);
  const auto& person = host.site().person(officer->name);
  const auto card = host.token(person.token).agreement_key(person.share_key);
  contribution.sealed_share =
      quorum::hand_over_share(roster, dealing, *officer, *card, act.session_point, act.digest(), world.rng);
  contribution.dealing = dealing.number;
  if (hybrid) {
    fmt::print(world.out, "{}'s share of the ML-DSA key goes with it, to be sealed and dealt anew.\n", officer->name);
    contribution.sealed_hybrid_share =
        quorum::hand_over_hybrid_share(roster, dealing, *officer, *card, act.session_point, act.digest(), world.rng);
  }
  if (so_pin) {
    fmt::print(world.out, "{}'s share of the SO PIN goes with it, {}.\n", officer->name,
               act.kind == quorum::kReplaceKind ? "to be dealt to the new officers" : "to reset the token's PIN");
    contribution.sealed_so_share =
        quorum::hand_over_so_share(roster, *so_pin, *officer, *card, act.session_point, act.digest(), world.rng);
  }
  host.record({officer->name,
               before ? "quorum.share" : "quorum.approve",
               o.act,
               {{"act", hex(act.digest())}, {"dealing", std::to_string(dealing.number)}}});
  publish(files.approval(officer->name), ByteView{contribution.encode()});
  if (before)
    fmt::print(world.out, "{} hands in a share of dealing {}; the approval given before still counts.\n", officer->name,
               dealing.number);
  else
    fmt::print(world.out, "{} approves; this counts until {}.\n", officer->name, format_instant(act.expires));
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_quorum_approve(Tool& tool) {
  tool.verb<ApproveOptions>("quorum approve", "Approve exactly this act as an officer", declare, approve);
}

}  // namespace lamp::cli
