// A new roster over the same token. What lies on the disk at each instant, and how a run after a kill goes on:
// lamp-quorum(5), "Replacing officers".
#include <botan/pk_keys.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <optional>

#include "cli/hsm/enrol.hpp"
#include "cli/hsm/quorum.hpp"
#include "cli/hsm/quorum_so_pin.hpp"
#include "cli/quorum_act.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/quorum/anchor.hpp"
#include "lib/quorum/model_keys.hpp"

namespace lamp::cli {
namespace {

namespace fs = std::filesystem;

struct ReplaceOptions {
  std::string name;
  std::uint64_t threshold = 0;
  std::vector<std::string> officers;
  bool forget_so_pin = false;
};

void declare(Arguments& a, ReplaceOptions& o) {
  a.positional("name", o.name, "Name of the quorum");
  a.required("--threshold", o.threshold, "How many officers it takes from now on");
  a.required("--officer", o.officers, "An officer of the new roster; once for each");
  a.flag("--forget-so-pin", o.forget_so_pin, "Go on when too few officers can open their shares of the SO PIN");
}

/// Made before the token is told its new PIN, so that after it nothing is left to do but to put files in their places.
struct NextFiles {
  explicit NextFiles(const fs::path& site, const std::string& name)
      : roster{site / "quorum" / (name + ".next.yaml")},
        model_keys{site / "quorum" / (name + ".kek.next.yaml")},
        so_pin{site / "quorum" / (name + ".so.next.yaml")} {}
  fs::path roster, model_keys, so_pin;
};

class Replacement {
 public:
  Replacement(Host& host, const ReplaceOptions& options)
      : host_{host},
        options_{options},
        files_{host.site().root, options.name},
        next_files_{host.site().root, options.name},
        now_{known_quorum(host, options.name)} {}

  Exit run() {
    content_ = asked_for();
    if (content_ && proposed().digest() == now_.digest())  // all but the record was done
      now_ = quorum::Roster::load(quorum::older_roster_file(root(), now_.name, now_.epoch - 1));
    else
      settle_content();
    QuorumAct act{host_, now_, {std::string{quorum::kReplaceKind}, options_.name, *content_}};
    if ((act.done_before() || !dealt_anew()) && !deal_anew(act)) {
      host_.finish();
      return act.waiting();
    }
    put_in_place();
    const auto next = proposed();
    act.finish(event(next), [&](store::Transaction& t) { quorum::remember(t, next); });
    fmt::print(host_.world().out, "quorum {}, epoch {}: {} of {} officers\nroster digest {}\n", next.name, next.epoch,
               next.threshold, next.officers.size(), hex(next.digest()));
    fmt::print(host_.world().out, "{}\n", describe_so_pin(load_so_pin(host_, next)));
    host_.finish();
    return Exit::ok;
  }

 private:
  [[nodiscard]] const fs::path& root() const { return host_.site().root; }
  [[nodiscard]] quorum::Roster proposed() const { return quorum::Roster::parse(*content_, "the new roster"); }

  /// The content of the act that an earlier run wrote.
  [[nodiscard]] std::optional<std::string> asked_for() const {
    const quorum::ActFiles act{root(), options_.name + ".replace." + options_.name};
    if (!fs::exists(act.act())) return std::nullopt;
    return in_context(act.act().string(), [&] { return quorum::Act::parse(read_file(act.act())).content; });
  }

  void settle_content() {
    auto wanted = next_roster();
    if (content_ && proposed().digest() == wanted.digest()) return;
    if (content_ && begun()) {
      std::string names;
      for (const auto& officer : proposed().officers) names += " --officer " + officer.name;
      throw Error{Errc::denied,
                  "a replacement was cut short that may have changed the PIN already; finish it: lamp-hsm "
                  "quorum replace " +
                      options_.name + " --threshold " + std::to_string(proposed().threshold) + names};
    }
    // That newcomers hold the keys of their certificates is shown now, before anybody approves.
    for (const auto& name : newcomers_)
      wanted.signatures.push_back(
          cose::sign1(*host_.person_key(name), host_.world().rng, wanted.canonical(), quorum::kRosterContext));
    content_ = wanted.yaml();
  }

  quorum::Roster next_roster() {
    if (options_.threshold < 2 || options_.threshold >= options_.officers.size())
      throw UsageError{
          "a quorum needs a threshold of 2 or more and at least one officer more than that, so "
          "that a lost card loses nothing"};
    auto next = now_;
    next.epoch = now_.epoch + 1;
    next.threshold = options_.threshold;
    next.previous = now_.digest();
    next.signatures.clear();
    next.ancestors.clear();
    next.officers.clear();
    newcomers_.clear();
    for (const auto& name : options_.officers) {
      if (next.find(name) != nullptr) throw UsageError{"officer " + name + " is named twice"};
      const auto& person = host_.site().person(name);
      const auto* known = now_.find(name);
      if (known != nullptr && known->certificate == leaf_certificate(person)) {
        next.officers.push_back(*known);
        continue;
      }
      next.officers.push_back(enrol_officer(host_, person));
      newcomers_.push_back(name);
    }
    return next;
  }

  /// The PIN was renewed, or may have been, for the roster that was proposed.
  [[nodiscard]] bool begun() const {
    const auto next = proposed();
    const auto pending = attempt([&] { return quorum::Renewal::load(files_.pending, next).tried; });
    return dealt_anew() || std::holds_alternative<bool>(pending);
  }

  [[nodiscard]] bool dealt_anew() const {
    const auto loaded = attempt([&] { return quorum::Dealing::load(files_.current, proposed()).number; });
    return std::holds_alternative<std::uint64_t>(loaded);
  }

  /// False when officers' approvals are missing.
  bool deal_anew(QuorumAct& act) {
    if (!act.approved()) {
      if (act.waiting() == Exit::ok && !act.done_before()) announce_so_pin();
      return false;
    }
    auto next = proposed();
    auto so_pin = options_.forget_so_pin ? std::nullopt : deal_so_pin_anew(host_, act, next);
    auto& session = act.open(&next);
    const auto custody = session.token().signing_key(kCustodyKey);
    auto& rng = host_.world().rng;
    next.signatures.push_back(cose::sign1(*custody, rng, next.canonical(), quorum::kRosterContext));
    for (const auto& contribution : act.contributions())
      if (std::ranges::find(act.officers(), contribution.officer) != act.officers().end())
        next.signatures.push_back(contribution.approval);
    const auto verdict = quorum::check_succession(next, now_);
    if (!verdict.acceptable()) throw Error{Errc::denied, verdict.objections.front()};
    prepare_so_pin(so_pin, *custody);
    publish(next_files_.roster, std::string_view{next.yaml()});
    if (const auto file = quorum::model_keys_file(root(), now_.name); fs::exists(file)) {
      auto keys = quorum::ModelKeys::load(file, now_);
      keys.epoch = next.epoch;
      keys.sign(*custody, rng);
      publish(next_files_.model_keys, std::string_view{keys.yaml()});
    }
    session.renew(rng, kCustodyKey);
    act.close();
    return true;
  }

  void announce_so_pin() const {
    const auto kept = load_so_pin(host_, now_);
    if (!kept || !kept->dealt() || options_.forget_so_pin) return;
    if (quorum::so_pin_can_be_dealt(proposed()))
      fmt::print(host_.world().out, "The SO PIN is dealt anew with it, which takes {} officers' approvals.\n",
                 kept->threshold);
    else
      host_.world().out << "The new officers are too few to deal the SO PIN to: it will be forgotten.\n";
  }

  /// Never without a file meanwhile: a run before this one may have changed the PIN already.
  void prepare_so_pin(std::optional<quorum::SoPin>& kept, const Botan::Private_Key& custody) const {
    if (!kept) {
      guarded(Errc::unavailable, [&] { fs::remove(next_files_.so_pin); });
      return;
    }
    kept->sign(custody, host_.world().rng);
    publish(next_files_.so_pin, std::string_view{kept->yaml()});
  }

  /// The shares of those before are of no roster that holds.
  void put_so_pin_in_place() const {
    const auto file = quorum::so_pin_file(root(), now_.name);
    if (fs::exists(next_files_.so_pin)) {
      move_over(next_files_.so_pin, file);
      return;
    }
    if (!fs::exists(file)) return;
    const auto kept = quorum::SoPin::parse(read_text_file(file), file.string());
    if (kept.roster_digest != proposed().digest()) guarded(Errc::unavailable, [&] { fs::remove(file); });
  }

  /// Only what is prepared is moved, so that it can be done again from any point.
  void put_in_place() {
    if (fs::exists(next_files_.roster)) {
      const auto older = quorum::older_roster_file(root(), now_.name, now_.epoch);
      if (!fs::exists(older)) publish(older, std::string_view{now_.yaml()});
      put_so_pin_in_place();
      move_over(next_files_.model_keys, quorum::model_keys_file(root(), now_.name));
      move_over(next_files_.roster, quorum::roster_file(root(), now_.name));
    }
  }

  static void move_over(const fs::path& from, const fs::path& to) {
    if (!fs::exists(from)) return;
    publish(to, ByteView{read_file(from)});
    guarded(Errc::unavailable, [&] { fs::remove(from); });
  }

  [[nodiscard]] static audit::Event event(const quorum::Roster& next) {
    audit::Event event{account_name(), "hsm.quorum.replace", next.name, {}};
    event.details = {{"epoch", std::to_string(next.epoch)},
                     {"new-roster", hex(next.digest())},
                     {"threshold", std::to_string(next.threshold)}};
    for (const auto& officer : next.officers) event.details.emplace_back("new-officer", officer.name);
    return event;
  }

  Host& host_;
  const ReplaceOptions& options_;
  quorum::DealingFiles files_;
  NextFiles next_files_;
  quorum::Roster now_;
  std::vector<std::string> newcomers_;
  std::optional<std::string> content_;
};

Exit replace(const ReplaceOptions& options, World& world) {
  Host host{world};
  return Replacement{host, options}.run();
}

}  // namespace

void add_quorum_replace(Tool& tool) {
  tool.verb<ReplaceOptions>("quorum replace", "Put a quorum under other officers or another threshold", declare,
                            replace);
}

}  // namespace lamp::cli
