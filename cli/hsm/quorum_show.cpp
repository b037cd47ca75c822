#include <botan/pk_keys.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/host.hpp"
#include "cli/hsm/quorum.hpp"
#include "cli/hsm/quorum_create.hpp"
#include "cli/hsm/quorum_so_pin.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/quorum/anchor.hpp"
#include "lib/quorum/dealing.hpp"
#include "lib/quorum/model_keys.hpp"

namespace lamp::cli {
namespace {

struct ShowOptions {
  std::string name;
  bool json = false;
};

void declare(Arguments& a, ShowOptions& o) {
  a.positional("name", o.name, "Name of the quorum");
  a.flag("--json", o.json, "Print JSON");
}

std::string approval_key(const quorum::Roster& roster, const quorum::Officer& officer) {
  return hex(cose::key_id(*roster.officer_key(officer)));
}

/// What holds now beside the roster.
struct State {
  bool recorded;
  quorum::Dealing dealing;
  std::optional<quorum::Renewal> pending;
  std::optional<quorum::SoPin> so_pin;
};

void print_json(const quorum::Roster& roster, const State& state, std::ostream& out) {
  auto officers = nlohmann::json::array();
  for (const auto& officer : roster.officers)
    officers.push_back({{"name", officer.name}, {"approval-key", approval_key(roster, officer)}});
  const nlohmann::json all{{"name", roster.name},
                           {"epoch", roster.epoch},
                           {"threshold", roster.threshold},
                           {"digest", hex(roster.digest())},
                           {"first-digest", hex(roster.first_digest())},
                           {"recorded-here", state.recorded},
                           {"dealing", state.dealing.number},
                           {"renewal-pending", state.pending.has_value()},
                           {"hybrid", !roster.hybrid_key.empty()},
                           {"so-pin-shares", state.so_pin ? state.so_pin->threshold : 0},
                           {"so-pin-recovery", state.so_pin && !state.so_pin->dealt()},
                           {"token", {{"label", roster.token_label}, {"serial", roster.token_serial}}},
                           {"officers", officers}};
  out << all.dump(2) << '\n';
}

void print(const quorum::Roster& roster, const State& state, std::ostream& out) {
  fmt::print(out, "quorum {}, epoch {}: {} of {} officers\n", roster.name, roster.epoch, roster.threshold,
             roster.officers.size());
  for (const auto& officer : roster.officers)
    fmt::print(out, "  {:<16} approval key {}\n", officer.name, approval_key(roster, officer));
  fmt::print(out, "token {}, serial {}\n", roster.token_label, roster.token_serial);
  fmt::print(out, "roster digest {}\n", hex(roster.digest()));
  for (std::size_t i = 0; i < roster.ancestors.size(); ++i)
    fmt::print(out, "  follows epoch {}, digest {}\n", i + 1, hex(roster.ancestors[i]));
  fmt::print(out, "dealing {} of the PIN holds\n", state.dealing.number);
  if (state.dealing.hybrid) fmt::print(out, "{}\n", describe_hybrid_key(roster, *state.dealing.hybrid));
  out << describe_so_pin(state.so_pin) << '\n';
  if (state.pending)
    fmt::print(out, "a renewal of the PIN for {} was cut short: run that command again\n",
               hex(state.pending->dealing.occasion));
  out << (state.recorded
              ? "This host recorded the same digest when the roster was made, or of one that it follows.\n"
              : "This host has no record of the roster: compare the digest with the one that was printed when it "
                "was made.\n");
}

Exit show(const ShowOptions& options, World& world) {
  Host host{world};
  const auto roster = quorum::Roster::load(quorum::roster_file(host.site().root, options.name));
  host.database().migrate(quorum::schema());
  const bool recorded =
      host.database().read([&](store::Transaction& t) { return quorum::recognise(t, roster); }) == quorum::Known::yes;
  const quorum::DealingFiles files{host.site().root, options.name};
  auto dealing = quorum::Dealing::load(files.current, roster);
  auto pending = files.unfinished(roster, dealing);
  const State state{recorded, std::move(dealing), std::move(pending), load_so_pin(host, roster)};
  if (options.json)
    print_json(roster, state, world.out);
  else
    print(roster, state, world.out);
  return Exit::ok;
}

}  // namespace

void add_quorum_show(Tool& tool) {
  tool.verb<ShowOptions>("quorum show", "Show a quorum's officers and the digest of its roster", declare, show);
}

}  // namespace lamp::cli
