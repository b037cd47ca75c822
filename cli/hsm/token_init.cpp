#include "cli/hsm/token_init.hpp"

#include "cli/hsm/first_records.hpp"
#include "cli/hsm/verbs.hpp"
#include "hsm/custody.hpp"
#include "hsm/uri.hpp"
#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"

namespace lamp::cli {
namespace {

struct InitOptions {
  std::string token;
  std::string so_pin_file;
};

void declare(Arguments& a, InitOptions& o) {
  a.positional("token", o.token, "Name of the token in site.yaml");
  a.option("--so-pin-file", o.so_pin_file, "Keep the security officer's PIN in this new file; else it is thrown away");
}

std::string label_of(const config::TokenPlace& place) {
  auto label = hsm::TokenUri::parse(place.uri).label();
  if (label.empty()) {
    throw Error{Errc::bad_input, "token '" + place.name + "': its URI must name the label, as in 'pkcs11:token=LABEL'"};
  }
  return label;
}

Pin ask_twice(World& world, const std::string& name) {
  const auto first = world.terminal.ask_secret("New PIN of token '" + name + "': ");
  const auto second = world.terminal.ask_secret("The same again: ");
  if (!equal_constant_time(first.expose_secret(), second.expose_secret())) {
    throw Error{Errc::bad_input, "the two PINs differ; nothing was changed"};
  }
  return Pin{SecureBytes(first.expose_secret().begin(), first.expose_secret().end())};
}

/// Kept before the token has it, so that no token ever has a PIN that nobody can find. A file that is there already is
/// from a run that was interrupted, or put there on purpose; its PIN is used.
Pin prepare_pin(Host& host, const config::TokenPlace& place) {
  if (!place.pin_file) return ask_twice(host.world(), place.name);
  if (!std::filesystem::exists(*place.pin_file)) {
    publish(*place.pin_file, hsm::random_pin(host.world().rng).expose_secret(), Mode::secret, Existing::refuse);
  }
  return Pin{read_secret_file(*place.pin_file)};
}

}  // namespace

std::string initialise_token(Host& host, const config::TokenPlace& place, const std::filesystem::path& so_pin_file) {
  const auto label = label_of(place);
  const auto so_pin = hsm::random_pin(host.world().rng);
  if (!so_pin_file.empty()) publish(so_pin_file, so_pin.expose_secret(), Mode::secret, Existing::refuse);
  const auto made = attempt(
      [&] { return hsm::Token::initialize(place.module, label, so_pin, prepare_pin(host, place)).info().serial; });
  if (const auto* serial = std::get_if<std::string>(&made)) return *serial;
  const auto& error = std::get<Error>(made);
  const bool untouched = error.code() == Errc::exists || error.code() == Errc::not_found;
  if (untouched && !so_pin_file.empty()) std::filesystem::remove(so_pin_file);
  throw Error{error.code(), error.what()};
}

namespace {

Exit init(const InitOptions& o, World& world) {
  Host host{world};
  const auto& place = host.site().token(o.token);
  const auto serial = initialise_token(host, place, o.so_pin_file);
  world.out << "token '" << o.token << "' initialised, serial " << serial << '\n';
  if (place.pin_file) world.out << "its PIN is in " << place.pin_file->string() << '\n';
  world.out << (o.so_pin_file.empty()
                    ? "its SO PIN was thrown away: the PIN cannot be reset\n"
                    : "its SO PIN is in " + o.so_pin_file + ": keep it in a safe, not on this host\n");
  record_act(host, {account_name(), "hsm.token.init", o.token, {{"uri", place.uri}, {"serial", serial}}});
  return Exit::ok;
}

}  // namespace

void add_token_init(Tool& tool) {
  tool.verb<InitOptions>("token init", "Initialise one of the site's tokens with a fresh PIN", declare, init);
}

}  // namespace lamp::cli
