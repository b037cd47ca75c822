#include "cli/host.hpp"

#include <botan/pk_keys.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "lib/audit/log.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"

namespace lamp::cli {
namespace {

hsm::Token open_token(const config::TokenPlace& place) {
  return in_context("token '" + place.name + "'",
                    [&] { return hsm::Token::open({place.module, place.uri, place.module_init}); });
}

}  // namespace

Host::Host(World& world) : world_{world}, site_{config::Site::find(world.site)} {
  // SoftHSM learns where its tokens are from the environment only.
  if (site_.softhsm_config) ::setenv("SOFTHSM2_CONF", site_.softhsm_config->c_str(), 0);
}

Host::~Host() = default;

store::Database& Host::database() {
  if (!database_) {
    database_ = std::make_unique<store::Database>(site_.state_database);
    database_->migrate(audit::schema());
  }
  return *database_;
}

Pin Host::pin(const std::string& token_name) {
  const auto& place = site_.token(token_name);
  if (place.pin_file)
    return in_context("PIN of token '" + token_name + "'", [&] { return Pin{read_secret_file(*place.pin_file)}; });
  const auto typed = world_.terminal.ask_secret("PIN of token '" + token_name + "': ");
  return Pin{SecureBytes(typed.expose_secret().begin(), typed.expose_secret().end())};
}

hsm::Token& Host::public_token(const std::string& name) {
  if (const auto lent = lent_.find(name); lent != lent_.end()) return *lent->second;
  auto found = tokens_.find(name);
  if (found == tokens_.end()) found = tokens_.emplace(name, OpenToken{open_token(site_.token(name)), false}).first;
  return found->second.token;
}

hsm::Token& Host::token(const std::string& name) {
  auto& token = public_token(name);
  if (lent_.contains(name)) return token;
  auto& open = tokens_.at(name);
  if (!open.logged_in) {
    const auto entered = pin(name);
    in_context("token '" + name + "'", [&] { token.login(entered); });
    open.logged_in = true;
  }
  return token;
}

std::shared_ptr<Botan::Private_Key> Host::person_key(const std::string& person) {
  const auto& who = site_.person(person);
  return token(who.token).signing_key(who.key);
}

void Host::record(const audit::Event& event) {
  database().write([&](store::Transaction& t) { audit::record(t, event, now(), world_.rng); });
}

void Host::finish() {
  const auto key = token(kHostToken).signing_key(kLogKey);
  in_context("carrying the audit records into the log",
             [&] { audit::sequence(database(), {site_.log_directory, site_.log_origin}, *key, now(), world_.rng); });
}

std::string account_name() {
  const passwd* account = ::getpwuid(::geteuid());
  return account != nullptr ? account->pw_name : std::to_string(::geteuid());
}

}  // namespace lamp::cli
