#include "cli/hsm/rehearsal_stage.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "cli/hsm/token_init.hpp"
#include "cli/softhsm.hpp"
#include "hsm/lock.hpp"
#include "hsm/token.hpp"
#include "lib/base/error.hpp"
#include "lib/firmware/release_policy.hpp"

namespace lamp::cli {
namespace {

namespace fs = std::filesystem;

// A maker whose name cannot exist (RFC 2606) and a number that is nobody's (2.999): the manifest is of no device's
// class.
constexpr std::string_view kProfile =
    "model: rehearsal\nvendor: rehearsal.invalid\nhardware-type: 2.999.1\nserial-prefix: RH\n"
    "certificate-profile: idevid\nlabel: lamp\ndevice-approvals: officers\nslot-size: 4096\n"
    "credentials: [idevid, officers]\n";
constexpr std::string_view kHybridSignatures = "release: {signatures: [ps256, ml-dsa-87]}\n";
constexpr std::string_view kTokenPolicy =
    "tokens:\n  - name: throw-away\n    manufacturer: SoftHSM project\n    demo-only: true\n"
    "    roles: [release, log, other]\n";

config::TokenPlace throw_away(const std::string& name, bool keeps_pin) {
  config::TokenPlace place{name, softhsm_module(), "pkcs11:token=" + name, {}, {}};
  if (keeps_pin) place.pin_file = fs::path{"pins"} / name;
  return place;
}

bool is_softhsm(const config::TokenPlace& place) {
  std::error_code absent;
  return fs::equivalent(place.module, softhsm_module(), absent);
}

/// The officers' part of the site, on a host that has nothing.
config::Site stage_of(const config::Site& site, const std::vector<std::string>& officers) {
  config::Site stage;
  stage.name = site.name;
  stage.log_origin = site.log_origin;
  stage.release_quorum = stage.order_quorum = kRehearsal;
  stage.tokens.emplace(kHostToken, throw_away(kHostToken, true));
  stage.tokens.emplace(kRehearsal, throw_away(kRehearsal, false));
  for (const auto& name : officers) {
    const auto& person = site.person(name);
    if (person.token == kHostToken || person.token == kRehearsal)
      throw Error{Errc::denied,
                  "officer " + name + " has the key in token '" + person.token +
                      "', which a rehearsal puts another in the place of: give officers tokens of their own"};
    stage.people.emplace(name, person);
    stage.tokens.emplace(person.token, site.token(person.token));
  }
  return stage;
}

/// Where SoftHSM keeps tokens, by the configuration that it would read.
fs::path softhsm_store() {
  const char* named = std::getenv("SOFTHSM2_CONF");
  const fs::path config = named != nullptr ? named : "/etc/softhsm/softhsm2.conf";
  std::ifstream in{config};
  for (std::string line; std::getline(in, line);) {
    const auto equals = line.find('=');
    if (!line.starts_with("directories.tokendir") || equals == std::string::npos) continue;
    const auto first = line.find_first_not_of(" \t", equals + 1);
    const auto last = line.find_last_not_of(" \t\r");
    if (first != std::string::npos) return line.substr(first, last - first + 1);
  }
  throw Error{Errc::not_found, config.string() + " does not say where SoftHSM keeps the officers' tokens"};
}

/// SoftHSM names a token's folder by a UUID that ends in the serial number's second half.
fs::path folder_of(const fs::path& store, const std::string& serial) {
  constexpr std::size_t kHalf = 4;
  const auto ending = serial.size() > kHalf ? serial.substr(0, kHalf) + "-" + serial.substr(kHalf) : serial;
  for (const auto& entry : fs::directory_iterator{store})
    if (entry.is_directory() && entry.path().filename().string().ends_with(ending)) return entry.path();
  throw Error{Errc::not_found, "no folder of token " + serial + " in " + store.string()};
}

/// The same files under a second name: what SoftHSM writes at a login it writes to the officer's token, once.
void link_token(const fs::path& from, const fs::path& store) {
  const auto to = store / from.filename();
  fs::create_directory(to);
  fs::permissions(to, fs::perms::owner_all);
  for (const auto& file : fs::directory_iterator{from}) fs::create_hard_link(file.path(), to / file.path().filename());
}

}  // namespace

RehearsalStage::RehearsalStage(const config::Site& site, const std::vector<std::string>& officers, bool hybrid,
                               World& world)
    : folder_{site.root, ".rehearsal-"} {
  write_files(site, officers, hybrid);
  link_officers_softhsm(site, officers);
  make_host_keys(world);
}

void RehearsalStage::write_files(const config::Site& site, const std::vector<std::string>& officers, bool hybrid) {
  const auto policy = site.template_file("policy", "release.yaml");
  epoch_ = firmware::ReleasePolicy::load(policy).factory_epoch;
  publish(folder() / "site.yaml", std::string_view{stand_in_site(stage_of(site, officers))});
  publish(folder() / "policy" / "release.yaml", std::string_view{read_text_file(policy)});
  publish(folder() / "policy" / "tokens.yaml", kTokenPolicy);
  publish(folder() / "devices" / (std::string{kRehearsal} + ".yaml"),
          std::string_view{std::string{kProfile} + std::string{hybrid ? kHybridSignatures : std::string_view{}}});
  publish(image(), std::string_view{"REHEARSAL: no device takes this.\n"});
}

/// SoftHSM shows one store to a process, so that officers' tokens in it have to be in the throw-away one as well.
void RehearsalStage::link_officers_softhsm(const config::Site& site, const std::vector<std::string>& officers) {
  if (site.softhsm_config) ::setenv("SOFTHSM2_CONF", site.softhsm_config->c_str(), 0);
  std::vector<fs::path> folders;
  for (const auto& name : officers) {
    const auto& place = site.token(site.person(name).token);
    if (!is_softhsm(place)) continue;
    const auto token = hsm::Token::open({place.module, place.uri, place.module_init});
    folders.push_back(folder_of(softhsm_store(), token.info().serial));
  }
  if (!folders.empty()) softhsm_in_use_.emplace(hsm::lock_module(softhsm_module()));
  use_new_softhsm(folder() / "tokens");
  guarded(Errc::unavailable, [&] {
    for (const auto& token : folders) link_token(token, folder() / "tokens" / "store");
  });
}

void RehearsalStage::make_host_keys(World& world) {
  World here{world.clock, world.rng, world.terminal, world.in, world.out, world.err, folder().string()};
  Host host{here};
  (void)initialise_token(host, host.site().token(kHostToken), {});
  auto& token = host.token(kHostToken);
  token.generate_key(hsm::KeyKind::p256, hsm::KeyUse::sign, kLogKey);
  token.generate_key(hsm::KeyKind::p256, hsm::KeyUse::agree, "requests");
}

}  // namespace lamp::cli
