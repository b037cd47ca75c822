#include <optional>
#include <ostream>

#include "cli/hsm/first_records.hpp"
#include "cli/hsm/verbs.hpp"
#include "cli/new_key.hpp"
#include "cli/usage.hpp"
#include "hsm/key_trial.hpp"
#include "hsm/token_policy.hpp"

namespace lamp::cli {
namespace {

struct GenerateOptions {
  std::string token, label;
  std::string kind = "p256";
  std::string use = "sign";
  std::string role = "other";
};

void declare(Arguments& a, GenerateOptions& o) {
  a.positional("token", o.token, "Name of the token in site.yaml");
  a.positional("label", o.label, "Name of the new key in the token");
  a.option("--kind", o.kind, "p256 (when not given), p384, rsa3072 or rsa4096");
  a.option("--use", o.use, "sign (when not given), sign-with-pin, agree or decrypt");
  a.option("--role", o.role, "What the key is for, which policy/tokens.yaml decides by; other when not given");
}

/// The value of that name. Throws UsageError with what there is.
template <class T>
T choose(std::optional<T> (*parse)(std::string_view) noexcept, const std::string& name, std::string_view option,
         std::string_view choices) {
  const auto found = parse(name);
  if (!found) throw UsageError{std::string{option} + " must be one of " + std::string{choices}};
  return *found;
}

Exit generate(const GenerateOptions& o, World& world) {
  const auto kind = choose(hsm::parse_key_kind, o.kind, "--kind", "p256, p384, rsa3072, rsa4096");
  const auto use = choose(hsm::parse_key_use, o.use, "--use", "sign, sign-with-pin, agree, decrypt");
  hsm::require_role(o.role);
  Host host{world};
  const auto event = make_key(host, {o.token, o.label, kind, use, o.role});
  world.out << "key \"" << o.label << "\" (" << o.kind << ", " << o.use << ") made in token '" << o.token << "'\n";
  record_act(host, event);
  return Exit::ok;
}

}  // namespace

void add_key_generate(Tool& tool) {
  tool.verb<GenerateOptions>("key generate", "Make a key pair whose private half never leaves the token", declare,
                             generate);
}

}  // namespace lamp::cli
