// A rehearsal: the very same file on tokens, keys and a site that are thrown away afterwards.
#include <algorithm>
#include <set>

#include "cli/ca/create_authority.hpp"
#include "cli/ca/site_authority.hpp"
#include "cli/hsm/ceremony.hpp"
#include "cli/hsm/stand_in.hpp"
#include "cli/hsm/token_init.hpp"
#include "cli/softhsm.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"

namespace lamp::cli {
namespace {

namespace fs = std::filesystem;
using ceremony::Plan;

constexpr const char* kStandInProfile = "root-ca";

/// The site with other tokens and nothing of its state.
config::Site on_throw_away_tokens(config::Site site) {
  site.tokens.try_emplace(kHostToken);
  for (auto& [name, place] : site.tokens)
    place = {name, softhsm_module(), "pkcs11:token=" + name, fs::path{"pins"} / name, {}};
  for (auto& [name, person] : site.people) person.certificate = fs::path{"people"} / (name + ".pem");
  return site;
}

/// Makes what the plan expects to find.
class Stage {
 public:
  Stage(const Plan& plan, const config::Site& site, const fs::path& folder)
      : plan_{plan}, site_{site}, folder_{folder} {}

  void build_site() {
    use_new_softhsm(folder_ / "tokens");
    publish(folder_ / "site.yaml", stand_in_site(on_throw_away_tokens(site_)));
    if (fs::exists(site_.root / "profiles"))
      guarded(Errc::unavailable,
              [&] { fs::copy(site_.root / "profiles", folder_ / "profiles", fs::copy_options::recursive); });
  }

  void fill(Host& host) {
    note_what_the_plan_makes();
    for (const auto& [name, place] : host.site().tokens)
      if (!makes_.contains("token " + name)) (void)initialise_token(host, place, {});
    make_key(host, kHostToken, kLogKey, hsm::KeyKind::p256, hsm::KeyUse::sign);
    for (const auto& name : plan_.people()) {
      const auto& person = host.site().person(name);
      make_key(host, person.token, person.key, hsm::KeyKind::p256, hsm::KeyUse::sign);
    }
    for (const auto& step : plan_.steps) std::visit([&](const auto& s) { stand_in(host, s); }, step.action);
  }

 private:
  void note_what_the_plan_makes() {
    for (const auto& step : plan_.steps) {
      if (const auto* token = std::get_if<ceremony::UseToken>(&step.action); token != nullptr && token->initialise)
        makes_.insert("token " + token->token);
      if (const auto* key = std::get_if<ceremony::GenerateKey>(&step.action))
        makes_.insert(key->token + "/" + key->key);
      if (const auto* made = std::get_if<ceremony::CreateAuthority>(&step.action)) {
        makes_.insert("authority " + made->authority);
        makes_.insert(authority_token(site_, made->authority) + "/" + made->authority);
      }
    }
  }

  void make_key(Host& host, const std::string& token, const std::string& label, hsm::KeyKind kind, hsm::KeyUse use) {
    if (makes_.contains("token " + token))
      throw Error{Errc::bad_input, "token '" + token + "' is initialised by a step, but its key \"" + label +
                                       "\" is wanted when the ceremony begins"};
    if (!makes_.contains(token + "/" + label) && !host.token(token).has_key(label))
      host.token(token).generate_key(kind, use, label);
  }

  void stand_in(Host& host, const ceremony::CheckKey& s) {
    const auto expects = [&](hsm::KeyClaim claim) { return std::ranges::find(s.expect, claim) != s.expect.end(); };
    auto kind = hsm::KeyKind::p256;
    auto use = hsm::KeyUse::sign;
    if (expects(hsm::KeyClaim::agree_only)) use = hsm::KeyUse::agree;
    if (expects(hsm::KeyClaim::pin_each_time)) use = hsm::KeyUse::sign_with_pin;
    if (expects(hsm::KeyClaim::decrypt_only)) {
      kind = hsm::KeyKind::rsa3072;
      use = hsm::KeyUse::decrypt;
    }
    stand_in_key(host, s.token, s.key, kind, use);
  }
  void stand_in(Host& host, const ceremony::Export& s) { stand_in_thing(host, s.what); }
  void stand_in(Host& host, const ceremony::Confirm& s) { stand_in_thing(host, s.what); }
  void stand_in(Host& host, const ceremony::PublishCrl& s) { stand_in_authority(host, s.authority); }
  void stand_in(Host& host, const ceremony::CreateAuthority& s) {
    if (!s.issuer.empty()) stand_in_authority(host, s.issuer);
  }
  void stand_in(Host&, const auto&) {}

  void stand_in_thing(Host& host, const ceremony::Thing& thing) {
    if (thing.certificate.empty())
      stand_in_key(host, thing.token, thing.key, hsm::KeyKind::p256, hsm::KeyUse::sign);
    else
      stand_in_authority(host, thing.certificate);
  }
  void stand_in_key(Host& host, const std::string& token, const std::string& key, hsm::KeyKind kind, hsm::KeyUse use) {
    if (!makes_.contains(token + "/" + key)) make_key(host, token, key, kind, use);
  }
  void stand_in_authority(Host& host, const std::string& name) {
    if (makes_.insert("authority " + name).second) (void)create_authority(host, {name, kStandInProfile, {}});
  }

  const Plan& plan_;
  const config::Site& site_;
  const fs::path& folder_;
  std::set<std::string> makes_;
};

}  // namespace

void rehearse(const Plan& plan, const config::Site& site, World& world) {
  const ThrowAwayFolder folder{fs::temp_directory_path(), "lamp-rehearsal-"};
  Stage stage{plan, site, folder.path()};
  stage.build_site();
  World elsewhere{world.clock, world.rng, world.terminal, world.in, world.out, world.err, folder.path().string()};
  const auto kept = ceremony_file(site, plan.name, "rehearsal.cbor");
  {
    Host host{elsewhere};
    world.out << "REHEARSAL: throw-away tokens in " << folder.path().string() << "\n";
    in_context("preparing the rehearsal", [&] { stage.fill(host); });
    const auto ran = attempt([&] {
      carry_out(plan, ceremony::Mode::rehearsal, host);
      return true;
    });
    const auto transcript = ceremony_file(host.site(), plan.name, "transcript.cbor");
    if (fs::exists(transcript)) publish(kept, ByteView{read_file(transcript)});
    if (const auto* error = std::get_if<Error>(&ran)) throw Error{*error};
  }
  world.out << "REHEARSAL kept as " << kept.string() << "; nothing of it is real\n";
}

}  // namespace lamp::cli
