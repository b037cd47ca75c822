#include "cli/lamp/demo_site.hpp"

#include <botan/hash.h>
#include <botan/pk_keys.h>
#include <botan/rng.h>
#include <botan/x509_key.h>
#include <sys/stat.h>

#include <array>

#include "cli/host.hpp"
#include "cli/softhsm.hpp"
#include "hsm/token.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/config/yaml.hpp"

namespace lamp::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 11> kTokens{"root",       "issuing",     "line1",     "server",
                                              "operator-1", "installer-1", "officer-1", "officer-2",
                                              "officer-3",  "host",        "escrow"};

struct DemoKey {
  const char* token;
  const char* label;
  hsm::KeyKind kind;
  hsm::KeyUse use;
};

/// Keys that must exist before the first verb; the others are made by `lamp-ca` and `lamp-hsm quorum create`.
constexpr std::array<DemoKey, 4> kKeys{{{"host", "log", hsm::KeyKind::p256, hsm::KeyUse::sign},
                                        {"host", "requests", hsm::KeyKind::p256, hsm::KeyUse::agree},
                                        {"escrow", "escrow", hsm::KeyKind::p256, hsm::KeyUse::agree},
                                        {"line1", "transport", hsm::KeyKind::rsa3072, hsm::KeyUse::decrypt}}};

struct DemoPerson {
  const char* name;
  const char* token;
  const char* key;
  const char* authority;
};

constexpr std::array<DemoPerson, 7> kPeople{{{"operator-1", "operator-1", "client", "client"},
                                             {"installer-1", "installer-1", "client", "client"},
                                             {"line1", "line1", "station", "client"},
                                             {"officer-1", "officer-1", "approval", "client"},
                                             {"officer-2", "officer-2", "approval", "client"},
                                             {"officer-3", "officer-3", "approval", "client"},
                                             {"localhost", "server", "server", "server"}}};

void make_private_folder(const fs::path& folder) {
  guarded(Errc::unavailable, [&] {
    fs::create_directories(folder);
    fs::permissions(folder, fs::perms::owner_all);
  });
}

/// 130 random bits in 26 characters that any token takes.
Pin random_pin(Botan::RandomNumberGenerator& rng) {
  static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const auto random = rng.random_vec<SecureBytes>(26);
  SecureBytes pin;
  for (const auto b : random) pin.push_back(static_cast<std::uint8_t>(alphabet[b & 31]));
  return Pin{std::move(pin)};
}

void write_pin(const fs::path& file, const Pin& pin) {
  publish(file, pin.expose_secret(), Mode::secret, Existing::refuse);
}

/// An image whose bytes are the same everywhere: a text, then a SHA-256 chain.
Bytes sample_image() {
  Bytes image = to_bytes("Lamplighter sample image for smart-lamp, version 1.1.0\n");
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  Bytes link = to_bytes("lamplighter");
  while (image.size() < std::size_t{192} * 1024) {
    hash->update(link);
    link = hash->final_stdvec();
    append(image, link);
  }
  return image;
}

void write_people(config::YamlWriter& yaml) {
  yaml.key("people").begin_map();
  for (const auto& person : kPeople) {
    yaml.key(person.name).begin_map();
    yaml.key("token").value(person.token).key("key").value(person.key);
    yaml.key("certificate").value(std::string{"ca/"} + person.authority + "/certs/" + person.name + ".pem").end_map();
  }
  yaml.end_map();
}

void write_tokens(config::YamlWriter& yaml, const fs::path& module) {
  yaml.key("tokens").begin_map();
  for (const char* token : kTokens) {
    yaml.key(token).begin_map().key("module").value(module.string());
    yaml.key("uri").value(std::string{"pkcs11:token="} + token);
    yaml.key("pin-file").value(std::string{"pins/"} + token).end_map();
  }
  // Nobody knows this one's PIN: its officers share it out.
  yaml.key("release")
      .begin_map()
      .key("module")
      .value(module.string())
      .key("uri")
      .value("pkcs11:token=release")
      .end_map();
  yaml.end_map();
}

void write_ca_service(config::YamlWriter& yaml, std::uint16_t port) {
  const auto local = [](int number) { return "127.0.0.1:" + std::to_string(number); };
  yaml.key("ca-service").begin_map().key("https").value(local(port + 1)).key("http").value(local(port + 2));
  yaml.key("server").value("localhost").key("enrolment").begin_map();
  yaml.key("ldevid").begin_map().key("to").value("devices").key("vouched-by").value("device");
  yaml.key("authority").value("operational").key("profile").value("ldevid").end_map();
  yaml.key("idevid").begin_map().key("to").value("stations").key("vouched-by").value("client");
  yaml.key("authority").value("device").key("profile").value("idevid").end_map().end_map().end_map();
}

std::string site_yaml(const DemoPlan& plan, const fs::path& module) {
  const auto name = plan.directory.filename().string();
  config::YamlWriter yaml;
  yaml.comment("A demo site: every role in one folder. lamp-site(5). No secrets in this file.");
  yaml.begin_map().key("site").value(name).key("demo").value(true);
  yaml.key("softhsm-config").value("tokens/softhsm2.conf");
  write_tokens(yaml, module);
  yaml.key("authorities").begin_map();
  yaml.key("root").value("root").key("device").value("line1").key("server").value("issuing").key("client").value(
      "issuing");
  yaml.key("operational").value("issuing").end_map();
  write_people(yaml);
  yaml.key("quorums").begin_map().key("release").value("release").key("order").value("release");
  yaml.key("order-approvals").value(std::uint64_t{1}).end_map();
  yaml.key("cloud").begin_map().key("url").value("https://localhost:" + std::to_string(plan.port));
  yaml.key("listen").value("127.0.0.1:" + std::to_string(plan.port));
  yaml.key("database").value("cloud/registry.db").key("artifacts").value("cloud/artifacts").end_map();
  write_ca_service(yaml, plan.port);
  yaml.key("state").value("state.db");
  yaml.key("log").begin_map().key("directory").value("log").key("origin").value(name + "/host").end_map();
  yaml.end_map();
  return yaml.text();
}

std::vector<std::string> make_tokens(const DemoPlan& plan, const fs::path& module, World& world) {
  make_private_folder(plan.directory / "pins");
  use_new_softhsm(plan.directory / "tokens");
  std::vector<std::string> made;
  for (const std::string name : kTokens) {
    const auto pin = random_pin(world.rng);
    write_pin(plan.directory / "pins" / name, pin);
    auto token = hsm::Token::initialize(module, name, random_pin(world.rng), pin);
    token.login(pin);
    for (const auto& key : kKeys)
      if (name == key.token) token.generate_key(key.kind, key.use, key.label);
    made.push_back(name);
  }
  return made;
}

/// What `lamp-audit verify` checks the log's checkpoint against; anchors belong in a file of their own, not in the log.
void publish_log_key(Host& host) {
  const auto key = host.token("host").public_key("log");
  publish(host.site().log_directory / "key.pem", Botan::X509::PEM_encode(*key));
}

}  // namespace

DemoSite make_demo_site(const DemoPlan& plan, World& world) {
  const auto module = softhsm_module();
  DemoSite made{make_tokens(plan, module, world)};
  publish(plan.directory / "sample" / "firmware.bin", sample_image());
  make_private_folder(plan.directory / "sim");
  make_private_folder(plan.directory / "run");
  publish(plan.directory / "site.yaml", site_yaml(plan, module));
  world.site = plan.directory.string();
  Host host{world};
  publish_log_key(host);
  host.record({account_name(), "lamp.init", host.site().name, {{"tokens", std::to_string(made.tokens.size())}}});
  host.finish();
  return made;
}

}  // namespace lamp::cli
