// A rehearsal of a release: the very verbs of a real one, with the officers' real cards, on a throw-away release token.
#include <botan/pk_keys.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/hsm/enrol.hpp"
#include "cli/hsm/quorum.hpp"
#include "cli/hsm/quorum_create.hpp"
#include "cli/hsm/rehearsal_stage.hpp"
#include "cli/quorum_act.hpp"
#include "cli/sign/tool.hpp"
#include "lib/base/error.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::cli {
namespace {

constexpr const char* kRelease = "rehearsal/1.0.0";

struct RehearseOptions {
  std::string name;
  std::vector<std::string> officers;
  bool json = false;
};

void declare(Arguments& a, RehearseOptions& o) {
  a.positional("name", o.name, "Name of the quorum");
  a.option("--officer", o.officers, "An officer who is here; once for each, all of the roster unless given");
  a.flag("--json", o.json, "Print JSON");
}

struct RehearsedStep {
  std::string what;
  int status = 0;
  std::chrono::milliseconds took{};
};

class QuorumRehearsal {
 public:
  QuorumRehearsal(const quorum::Roster& roster, std::vector<std::string> officers, const RehearsalStage& stage,
                  const RehearseOptions& options, World& world)
      : roster_{roster}, officers_{std::move(officers)}, stage_{stage}, options_{options}, world_{world} {}

  /// Every step of a release, until one does not end as it must.
  Exit run() {
    const bool passed = found() && same_cards() && ask() && approve(0, roster_.threshold - 1) &&
                        refused_without_enough() && approve(roster_.threshold - 1, officers_.size()) && seal() &&
                        verify();
    if (options_.json) print_json(passed);
    if (passed && !options_.json)
      fmt::print(world_.out,
                 "REHEARSAL passed: {} of {} opened a throw-away token. Nothing of it is real, nothing is "
                 "kept.\n",
                 roster_.threshold, officers_.size());
    return passed ? Exit::ok : failed_as_;
  }

 private:
  bool found() {
    CreateOptions create;
    create.name = kRehearsal;
    create.threshold = roster_.threshold;
    create.officers = officers_;
    create.for_stations = false;
    return step("quorum create: shares dealt to the officers' cards, every subset tried", 0, [&](World& here) {
      here.site = stage_.folder().string();
      return static_cast<int>(create_quorum(create, here));
    });
  }

  /// Another share key than the roster's would do here, and not open the officer's real share.
  bool same_cards() {
    return step("the cards' share keys are the roster's", 0, [&](World&) {
      const auto made = quorum::Roster::load(quorum::roster_file(stage_.folder(), kRehearsal));
      for (const auto& officer : made.officers)
        if (officer.share_point != roster_.find(officer.name)->share_point)
          throw Error{Errc::denied, "the share key of " + officer.name + " is not the one in roster " + roster_.name};
      return 0;
    });
  }

  bool ask() {
    return sign("request", 0,
                {"request", stage_.image().string(), "--model", kRehearsal, "--version", "1.0.0", "--epoch",
                 std::to_string(stage_.epoch())});
  }

  bool approve(std::size_t from, std::size_t to) {
    for (auto i = from; i < to; ++i)
      if (!sign("approve, and hand in the share: " + officers_[i], 0, {"approve", kRelease, "--as", officers_[i]}))
        return false;
    return true;
  }

  bool refused_without_enough() {
    return sign("seal refused with " + std::to_string(roster_.threshold - 1) + " approvals", 1, {"seal", kRelease});
  }

  bool seal() { return sign("seal, and renew the PIN", 0, {"seal", kRelease}); }

  bool verify() {
    const auto release = stage_.folder() / "releases" / kRelease;
    const auto made = quorum::Roster::load(quorum::roster_file(stage_.folder(), kRehearsal));
    return sign("verify", 0, {"verify", (release / "release.suit").string(), "--model", kRehearsal}) &&
           sign("transcript verify", 0,
                {"transcript", "verify", (release / "transcript.cbor").string(), "--genesis", hex(made.first_digest()),
                 "--roster", quorum::roster_file(stage_.folder(), kRehearsal).string()});
  }

  bool sign(const std::string& what, int must_end_with, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"lamp-sign", "--site", stage_.folder().string()});
    std::vector<const char*> argv;
    argv.reserve(arguments.size());
    for (const auto& argument : arguments) argv.push_back(argument.c_str());
    return step(what, must_end_with, [&](World& here) {
      return cli::run(make_sign_tool(), static_cast<int>(argv.size()), argv.data(), here);
    });
  }

  /// What the verb says is shown when it ends otherwise than it must.
  template <class Verb>
  bool step(const std::string& what, int must_end_with, Verb&& verb) {
    std::ostringstream out, err;
    World here{world_.clock, world_.rng, world_.terminal, world_.in, out, err, {}};
    const auto began = std::chrono::steady_clock::now();
    const auto ended = attempt([&] { return verb(here); });
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    if (const auto* why = std::get_if<Error>(&ended)) err << "lamp-hsm: " << why->what() << '\n';
    const int status = std::holds_alternative<int>(ended) ? std::get<int>(ended) : status_of(std::get<Error>(ended));
    steps_.push_back({what, status, took});
    const bool good = status == must_end_with;
    if (!options_.json) fmt::print(world_.out, "  {:<4} {:>6} ms  {}\n", good ? "good" : "BAD", took.count(), what);
    if (good) return true;
    world_.err << err.str() << "lamp-hsm: rehearsal of quorum " << roster_.name << " failed: " << what << '\n';
    failed_as_ = status == 1 ? Exit::refused : Exit::failed;
    return false;
  }

  static int status_of(const Error& why) {
    return static_cast<int>(why.code() == Errc::denied ? Exit::refused : Exit::failed);
  }

  void print_json(bool passed) const {
    auto steps = nlohmann::json::array();
    for (const auto& step : steps_)
      steps.push_back({{"step", step.what}, {"status", step.status}, {"milliseconds", step.took.count()}});
    const nlohmann::json all{{"rehearsal-of", roster_.name},
                             {"roster", hex(roster_.digest())},
                             {"threshold", roster_.threshold},
                             {"officers", officers_},
                             {"steps", steps},
                             {"passed", passed}};
    world_.out << all.dump(2) << '\n';
  }

  const quorum::Roster& roster_;
  std::vector<std::string> officers_;
  const RehearsalStage& stage_;
  const RehearseOptions& options_;
  World& world_;
  std::vector<RehearsedStep> steps_;
  Exit failed_as_ = Exit::failed;
};

/// Those of the roster who are here, in its order, with the very keys that the roster has.
std::vector<std::string> officers_here(const quorum::Roster& roster, const config::Site& site,
                                       const std::vector<std::string>& named) {
  for (const auto& name : named)
    if (roster.find(name) == nullptr) throw Error{Errc::denied, name + " is not an officer of roster " + roster.name};
  std::vector<std::string> here;
  for (const auto& officer : roster.officers) {
    if (!named.empty() && std::ranges::find(named, officer.name) == named.end()) continue;
    if (leaf_certificate(site.person(officer.name)) != officer.certificate)
      throw Error{Errc::denied, "the certificate of " + officer.name + " here is not the one in roster " + roster.name};
    here.push_back(officer.name);
  }
  if (here.size() <= roster.threshold)
    throw Error{Errc::bad_input, "a rehearsal of quorum " + roster.name + " takes " +
                                     std::to_string(roster.threshold + 1) + " of its officers or more"};
  return here;
}

Exit rehearse_quorum(const RehearseOptions& options, World& world) {
  std::optional<quorum::Roster> roster;
  config::Site site;
  {
    Host host{world};
    roster = known_quorum(host, options.name);
    site = host.site();
  }
  const auto officers = officers_here(*roster, site, options.officers);
  const RehearsalStage stage{site, officers, !roster->hybrid_key.empty(), world};
  if (!options.json)
    fmt::print(world.out, "REHEARSAL of a release by quorum {}, roster digest {}\non throw-away tokens in {}\n",
               roster->name, hex(roster->digest()), stage.folder().string());
  return QuorumRehearsal{*roster, officers, stage, options, world}.run();
}

}  // namespace

void add_quorum_rehearse(Tool& tool) {
  tool.verb<RehearseOptions>("quorum rehearse", "Rehearse a release with the officers' cards on a throw-away token",
                             declare, rehearse_quorum);
}

}  // namespace lamp::cli
