#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/hsm/quorum.hpp"
#include "cli/quorum_act.hpp"

namespace lamp::cli {
namespace {

struct RotateOptions {
  std::string name;
};

void declare(Arguments& a, RotateOptions& o) { a.positional("name", o.name, "Name of the quorum"); }

Exit rotate(const RotateOptions& o, World& world) {
  Host host{world};
  const auto roster = known_quorum(host, o.name);
  QuorumAct act{host,
                roster,
                {std::string{quorum::kRotateKind}, o.name,
                 "give the token of quorum " + o.name + ", serial " + roster.token_serial +
                     ", a new PIN\nand deal it to the same officers"}};
  if (!act.used_up()) {
    if (!act.approved()) {
      host.finish();
      return act.waiting();
    }
    act.open().renew(world.rng);
    act.close();
  }
  const auto dealing = quorum::Dealing::load(quorum::DealingFiles{host.site().root, o.name}.current, roster);
  act.finish({account_name(), "hsm.quorum.rotate", o.name, {{"dealing", std::to_string(dealing.number)}}});
  fmt::print(world.out, "quorum {}: the token has a new PIN; dealing {} holds\n", o.name, dealing.number);
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_quorum_rotate(Tool& tool) {
  tool.verb<RotateOptions>("quorum rotate", "Give a quorum's token a new PIN, dealt to the same officers", declare,
                           rotate);
}

}  // namespace lamp::cli
