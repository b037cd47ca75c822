// A new PIN for a quorum's token when the one that was dealt does not open it: by the SO PIN, lamp-quorum(5).
#include <botan/pk_keys.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/hsm/quorum.hpp"
#include "cli/hsm/quorum_so_pin.hpp"
#include "cli/quorum_act.hpp"
#include "hsm/so_pin.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {
namespace {

struct RecoverOptions {
  std::string name, card, key;
};

void declare(Arguments& a, RecoverOptions& o) {
  a.positional("name", o.name, "Name of the quorum");
  a.option("--recovery-token", o.card,
           "Token of site.yaml that is the recovery card, where the SO PIN is sealed to one");
  a.option("--recovery-key", o.key, "Label of the recovery card's key");
}

quorum::SoPin require_so_pin(Host& host, const quorum::Roster& roster, const RecoverOptions& o) {
  auto kept = load_so_pin(host, roster);
  if (!kept) throw Error{Errc::denied, "nobody has the SO PIN of quorum " + roster.name + ": its PIN cannot be reset"};
  if (!kept->dealt() && (o.card.empty() || o.key.empty()))
    throw Error{Errc::bad_input, "the SO PIN of quorum " + roster.name +
                                     " is sealed to a recovery card: say --recovery-token and --recovery-key"};
  if (kept->dealt() && !(o.card.empty() && o.key.empty()))
    throw Error{Errc::bad_input,
                "the SO PIN of quorum " + roster.name + " is dealt to its officers, not sealed to a card"};
  return *std::move(kept);
}

Pin so_pin_of(Host& host, QuorumAct& act, const quorum::SoPin& kept, const RecoverOptions& o) {
  if (kept.dealt())
    return hsm::combine_so_pin(kept, act.act().digest(), act.session_key(), act.contributions(), act.officers());
  const auto card = host.token(o.card).agreement_key(o.key);
  return quorum::open_recovery(act.roster(), kept, *card);
}

Exit recover(const RecoverOptions& o, World& world) {
  Host host{world};
  const auto roster = known_quorum(host, o.name);
  const auto kept = require_so_pin(host, roster, o);
  QuorumAct act{host,
                roster,
                {std::string{quorum::kRecoverKind}, o.name,
                 "reset the PIN of the token of quorum " + o.name + ", serial " + roster.token_serial +
                     ", by its SO PIN,\nand deal the new one to the same officers"}};
  if (!act.used_up()) {
    if (!act.approved()) {
      if (kept.dealt() && !act.done_before())
        fmt::print(world.out, "The SO PIN takes {} officers' approvals.\n", kept.threshold);
      host.finish();
      return act.waiting();
    }
    const auto& place = host.site().token(roster.token_label);
    const hsm::TokenAddress address{place.module, place.uri, place.module_init};
    const auto hybrid = [&](const quorum::DealtHybrid& dealt) { return act.hybrid_key(dealt); };
    (void)hsm::recover_pin(host.site().root, address, roster, so_pin_of(host, act, kept, o), act.act().digest(), hybrid,
                           world.rng, kCustodyKey);
  }
  const auto dealing = quorum::Dealing::load(quorum::DealingFiles{host.site().root, o.name}.current, roster);
  act.finish({account_name(), "hsm.quorum.recover", o.name, {{"dealing", std::to_string(dealing.number)}}});
  fmt::print(world.out, "quorum {}: the token has a new PIN, by its SO PIN; dealing {} holds\n", o.name,
             dealing.number);
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_quorum_recover(Tool& tool) {
  tool.verb<RecoverOptions>("quorum recover", "Reset the PIN of a quorum's token by its SO PIN, and deal it anew",
                            declare, recover);
}

}  // namespace lamp::cli
