#include <algorithm>
#include <array>
#include <optional>
#include <ostream>

#include "cli/hsm/first_records.hpp"
#include "cli/hsm/verbs.hpp"
#include "cli/new_key.hpp"
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

template <class T>
struct Named {
  std::string_view name;
  T value;
};
constexpr std::array<Named<hsm::KeyKind>, 4> kKinds{{{"p256", hsm::KeyKind::p256},
                                                     {"p384", hsm::KeyKind::p384},
                                                     {"rsa3072", hsm::KeyKind::rsa3072},
                                                     {"rsa4096", hsm::KeyKind::rsa4096}}};
constexpr std::array<Named<hsm::KeyUse>, 4> kUses{{{"sign", hsm::KeyUse::sign},
                                                   {"sign-with-pin", hsm::KeyUse::sign_with_pin},
                                                   {"agree", hsm::KeyUse::agree},
                                                   {"decrypt", hsm::KeyUse::decrypt}}};

/// The value of that name; complains with the names that there are.
template <class T, std::size_t N>
std::optional<T> choose(const std::array<Named<T>, N>& choices, const std::string& name, const char* option,
                        std::ostream& err) {
  const auto found = std::ranges::find(choices, std::string_view{name}, &Named<T>::name);
  if (found != choices.end()) return found->value;
  std::string list;
  for (const auto& choice : choices) list += (list.empty() ? "" : ", ") + std::string{choice.name};
  err << "lamp-hsm: error: " << option << " must be one of " << list << '\n';
  return std::nullopt;
}

Exit generate(const GenerateOptions& o, World& world) {
  const auto kind = choose(kKinds, o.kind, "--kind", world.err);
  const auto use = choose(kUses, o.use, "--use", world.err);
  if (!kind || !use) return Exit::usage;
  hsm::require_role(o.role);
  Host host{world};
  const auto event = make_key(host, {o.token, o.label, *kind, *use, o.role});
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
