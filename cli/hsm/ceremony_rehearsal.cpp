// A rehearsal: the very same file on tokens, keys and a site that are thrown away afterwards.
#include <unistd.h>

#include <algorithm>
#include <set>

#include "cli/ca/create_authority.hpp"
#include "cli/ca/site_authority.hpp"
#include "cli/hsm/ceremony.hpp"
#include "cli/hsm/token_init.hpp"
#include "cli/softhsm.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/config/yaml.hpp"

namespace lamp::cli {
namespace {

namespace fs = std::filesystem;
using ceremony::Plan;

constexpr const char* kStandInProfile = "root-ca";

/// A folder that goes away, whatever happens.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "lamp-rehearsal-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw Error{Errc::unavailable, "cannot make a temporary folder " + name};
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
};

/// The site with other tokens and nothing of its state.
std::string stand_in_site(const config::Site& site, const fs::path& module) {
  config::YamlWriter out;
  out.begin_map().key("site").value("REHEARSAL of " + site.name).key("demo").value(true);
  out.key("softhsm-config").value("tokens/softhsm2.conf");
  std::set<std::string> tokens{kHostToken};
  for (const auto& [name, place] : site.tokens) tokens.insert(name);
  out.key("tokens").begin_map();
  for (const auto& name : tokens)
    out.key(name)
        .begin_map()
        .key("module")
        .value(module.string())
        .key("uri")
        .value("pkcs11:token=" + name)
        .key("pin-file")
        .value("pins/" + name)
        .end_map();
  out.end_map().key("authorities").begin_map();
  for (const auto& [name, token] : site.authorities) out.key(name).value(token);
  out.end_map().key("people").begin_map();
  for (const auto& [name, person] : site.people) {
    out.key(name).begin_map().key("token").value(person.token).key("key").value(person.key);
    out.key("certificate").value("people/" + name + ".pem").end_map();
  }
  out.end_map().key("quorums").begin_map().key("release").value(site.release_quorum);
  out.key("order").value(site.order_quorum).key("order-approvals").value(site.order_approvals).end_map();
  out.key("cloud").begin_map().key("url").value("https://localhost:1").key("listen").value("127.0.0.1:1");
  out.key("database").value("cloud/registry.db").key("artifacts").value("cloud/artifacts").end_map();
  out.key("state").value("state.db").key("log").begin_map().key("directory").value("log");
  out.key("origin").value("REHEARSAL/" + site.log_origin).end_map().end_map();
  return out.text();
}

/// Makes what the plan expects to find.
class Stage {
 public:
  Stage(const Plan& plan, const config::Site& site, const fs::path& folder)
      : plan_{plan}, site_{site}, folder_{folder} {}

  void build_site() {
    use_new_softhsm(folder_ / "tokens");
    publish(folder_ / "site.yaml", stand_in_site(site_, softhsm_module()));
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
  const TemporaryFolder folder;
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
