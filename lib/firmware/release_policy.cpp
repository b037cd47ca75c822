#include "lib/firmware/release_policy.hpp"

#include <algorithm>

#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"
#include "lib/config/yaml.hpp"
#include "lib/quorum/hybrid.hpp"

namespace lamp::firmware {
namespace {

constexpr std::uint64_t kMost = 1ULL << 32;
constexpr std::uint64_t kMostExtraApprovals = 16;

ModelRules read_rules(const config::Node& node) {
  node.only({"production", "witness", "keys", "hardware"});
  ModelRules rules;
  if (const auto value = node.find("production")) rules.production = value->boolean();
  if (const auto value = node.find("witness")) rules.witness = value->boolean();
  if (const auto value = node.find("keys")) {
    rules.keys = value->texts();
    if (rules.keys.empty()) value->refuse("a model that no key may sign for can have no release");
  }
  if (const auto value = node.find("hardware"))
    rules.revisions = in_context(value->place(), [&] { return Hardware::parse_revisions(value->text()); });
  return rules;
}

/// The release key, and the ML-DSA key beside it, sign for every model, any other key for the model that its label ends
/// with.
bool key_fits(const ModelRules& rules, const std::string& model, const std::string& key) {
  if (is_application_key(key)) return false;  // whatever the policy names: its signatures are never firmware's
  if (!rules.keys.empty()) return std::find(rules.keys.begin(), rules.keys.end(), key) != rules.keys.end();
  return key == "release" || key == quorum::kHybridKey || key.ends_with("." + model);
}

/// The rules one by one; each adds what it objects to.
class Rules {
 public:
  Rules(const ReleasePolicy& policy, const Terms& terms, const Circumstances& here)
      : policy_{policy}, terms_{terms}, here_{here}, model_{policy.rules_of(terms.model)} {}

  Verdict judge() && {
    time();
    quorum();
    hardware();
    keys();
    demo();
    witness();
    revocation();
    permissions();
    return std::move(verdict_);
  }

 private:
  void refuse(std::string_view rule, const std::string& why, const std::string& what_to_do) {
    verdict_.objections.push_back(refusal(policy_, rule, why, what_to_do));
  }

  void time() {
    if (terms_.requested > here_.now)
      refuse("request-days", "the request is from " + format_instant(terms_.requested) + ", which is yet to come",
             "set the clocks of this host and the requester's");
    if (terms_.expires <= here_.now)
      refuse("request-days", "the request expired at " + format_instant(terms_.expires),
             "run 'lamp-sign request' again with the same image, and let it be approved anew");
    if (terms_.expires > terms_.requested + policy_.request_lifetime)
      refuse("request-days",
             "the request counts until " + format_instant(terms_.expires) + ", longer than " +
                 std::to_string(policy_.request_lifetime.count()) + " days",
             "request it under this policy");
  }

  void quorum() {
    const auto wanted = here_.threshold + terms_.extra_approvals;
    if (wanted > here_.officers)
      refuse("epoch-jump-approvals",
             "it asks for " + std::to_string(wanted) + " approvals, and the roster has " +
                 std::to_string(here_.officers) + " officers",
             "raise the epoch in smaller steps");
  }

  void hardware() {
    const auto& asked = terms_.hardware;
    if (asked.type != here_.hardware_type)
      refuse("hardware",
             "hardware type " + asked.type + " is not that of model " + terms_.model + ", " + here_.hardware_type,
             "compare the model's profile here and where it was requested");
    const auto& known = model_.revisions;
    if (asked.first < known.first || asked.last > known.last)
      refuse("hardware",
             "hardware revisions " + asked.revisions() + " are not among those of model " + terms_.model + ", " +
                 known.revisions(),
             "name the revisions that the image was built for with --hardware");
  }

  /// An application is signed by its partner's key, and by nothing else.
  void application_keys() {
    const auto key = application_key(terms_.application->partner);
    if (terms_.keys != std::vector{key})
      refuse("keys", "an application of " + terms_.application->partner + " is signed by key '" + key + "' alone",
             "request it again on a host with the same version of these tools");
  }

  void keys() {
    if (terms_.application) return application_keys();
    for (const auto& key : terms_.keys)
      if (!key_fits(model_, terms_.model, key))
        refuse("keys", "key '" + key + "' may not sign for model " + terms_.model,
               "take a key of the model, or let the policy name this one");
  }

  void demo() {
    if (model_.production && (terms_.demo || here_.demo))
      refuse("production",
             "model " + terms_.model + " is in production, and the keys of " +
                 (here_.demo ? "this site" : "the site where it was requested") + " are for demonstration",
             "release it from a site whose site.yaml does not say 'demo: true'");
  }

  void witness() {
    if (!terms_.witness.empty() && terms_.witness != terms_.image_digest)
      refuse("witness",
             "the independent build has SHA-256 " + hex(terms_.witness) + ", the image " + hex(terms_.image_digest),
             "find out why the two builds differ; it is one of them that is wrong");
    if (terms_.witness.empty() && model_.witness)
      refuse("witness", "model " + terms_.model + " asks for an independent build of the same image",
             "let somebody else build it and give its SHA-256 with --witness");
  }

  void revocation() {
    for (const auto& key : terms_.revokes)
      if (std::find(here_.signing_keys.begin(), here_.signing_keys.end(), key) != here_.signing_keys.end())
        refuse("revocation", "it revokes key " + hex(key) + ", which signs it",
               "sign with the key that stays; devices would take no release after this one");
  }

  void permissions() {
    if (!terms_.application) return;
    const auto& partner = terms_.application->partner;
    if (!here_.grants) {
      refuse("grants", "model " + terms_.model + " grants nothing to partner " + partner,
             "name the partner in the model's device profile, lamp-device(5)");
      return;
    }
    for (const auto& api : beyond(terms_.application->permissions, *here_.grants))
      refuse("grants",
             "application " + terms_.application->text() + " asks for " + api + ", which model " + terms_.model +
                 " does not grant to " + partner,
             "ask for less, or grant it in the model's device profile, lamp-device(5)");
  }

  const ReleasePolicy& policy_;
  const Terms& terms_;
  const Circumstances& here_;
  const ModelRules& model_;
  Verdict verdict_;
};

}  // namespace

Hardware Hardware::parse_revisions(std::string_view text) {
  const auto parts = split(text, '-');
  if (parts.size() > 2) throw Error{Errc::bad_input, "expected hardware revisions like 1-3"};
  Hardware h;
  h.first = parse_number(parts.front(), "hardware revision", 0, kLastRevision);
  h.last = parse_number(parts.back(), "hardware revision", 0, kLastRevision);
  if (h.last < h.first) throw Error{Errc::bad_input, "the last hardware revision is below the first"};
  return h;
}

std::string Hardware::revisions() const {
  if (first == 0 && last == kLastRevision) return "all";
  return first == last ? std::to_string(first) : std::to_string(first) + "-" + std::to_string(last);
}

ReleasePolicy ReleasePolicy::load(const std::filesystem::path& file) {
  return parse(read_text_file(file), file.string());
}

ReleasePolicy ReleasePolicy::parse(std::string text, std::string file) {
  const auto root = config::Node::parse(text, file);
  root.only({"factory-sequence", "factory-epoch", "epoch-step", "epoch-jump-approvals", "approval-days", "request-days",
             "models"});
  ReleasePolicy policy;
  policy.factory_sequence = root.at("factory-sequence").number(0, kMost);
  policy.factory_epoch = root.at("factory-epoch").number(0, kMost);
  policy.epoch_step = root.at("epoch-step").number(0, kMost);
  policy.epoch_jump_approvals = root.at("epoch-jump-approvals").number(0, kMostExtraApprovals);
  policy.approval_lifetime = std::chrono::days{root.at("approval-days").number(1, 365)};
  policy.request_lifetime = std::chrono::days{root.at("request-days").number(1, 365)};
  if (const auto models = root.find("models"))
    for (const auto& [model, node] : models->entries()) policy.models.emplace(model, read_rules(node));
  policy.file = std::move(file);
  policy.text = std::move(text);
  return policy;
}

const ModelRules& ReleasePolicy::rules_of(const std::string& model) const {
  static const ModelRules none;
  const auto found = models.find(model);
  return found == models.end() ? none : found->second;
}

std::string refusal(const ReleasePolicy& policy, std::string_view rule, const std::string& why,
                    const std::string& what_to_do) {
  return why + ": " + what_to_do + " (rule " + std::string{rule} + " of " + policy.file + ")";
}

std::uint64_t next_sequence(const ReleasePolicy& policy, const ModelHistory& history) {
  return std::max(policy.factory_sequence, history.requested_sequence) + 1;
}

Verdict check_order(const ReleasePolicy& policy, const ModelHistory& history, std::uint64_t sequence,
                    std::uint64_t epoch, std::uint64_t extra_approvals) {
  Verdict verdict;
  const auto refuse = [&](std::string_view rule, const std::string& why, const std::string& what_to_do) {
    verdict.objections.push_back(refusal(policy, rule, why, what_to_do));
  };
  const std::uint64_t newest = std::max(policy.factory_sequence, history.released_sequence);
  if (sequence <= newest)
    refuse("sequence",
           "sequence number " + std::to_string(sequence) + " is not above " + std::to_string(newest) +
               ", which was released",
           "request it again as a new version");
  const std::uint64_t floor = std::max(policy.factory_epoch, history.released_epoch);
  if (epoch < floor)
    refuse("epoch",
           "epoch " + std::to_string(epoch) + " is below the model's epoch " + std::to_string(floor) +
               "; devices would refuse it",
           "ask for epoch " + std::to_string(floor));
  if (epoch <= floor || epoch - floor <= policy.epoch_step) return verdict;
  const std::string step = "epoch " + std::to_string(epoch) + " is more than " + std::to_string(policy.epoch_step) +
                           " above the model's epoch " + std::to_string(floor);
  if (policy.epoch_jump_approvals == 0)
    refuse("epoch-step", step, "ask for epoch " + std::to_string(floor + policy.epoch_step) + " at most");
  else if (extra_approvals < policy.epoch_jump_approvals)
    refuse("epoch-step", step,
           "if that is meant, ask with --extra-approvals " + std::to_string(policy.epoch_jump_approvals));
  return verdict;
}

Verdict check_terms(const ReleasePolicy& policy, const Terms& terms, const Circumstances& here) {
  return Rules{policy, terms, here}.judge();
}

}  // namespace lamp::firmware
