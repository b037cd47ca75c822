#include "lib/pki/pins.hpp"
#include "cli/usage.hpp"

#include <botan/pk_keys.h>

#include "cli/ca/site_authority.hpp"
#include "cli/ca/verbs.hpp"
#include "lib/base/error.hpp"
#include "lib/pki/csr.hpp"

namespace lamp::cli {
namespace {

struct PinsOptions {
  std::vector<std::string> certificates, backups, backup_keys;
  std::string format = "text";
  bool json = false;
};

void declare(Arguments& a, PinsOptions& o) {
  a.positionals("certificates", o.certificates, "Certificate files, PEM or DER; the first in each is pinned");
  a.option("--backup", o.backups, "File of a key that is not in use yet: certificate or public key");
  a.option("--backup-key", o.backup_keys, "The same in a token of the site, as TOKEN/LABEL");
  a.option("--format", o.format, "text, or c for a C header");
  a.flag("--json", o.json, "Print JSON");
}

pki::SpkiPin pin_of_file(const std::string& file) {
  auto certificates = attempt([&] { return pki::load_certificates(file); });
  if (const auto* chain = std::get_if<std::vector<Bytes>>(&certificates))
    return pki::SpkiPin::of_certificate(file, chain->front());
  const auto& refused = std::get<Error>(certificates);
  if (refused.code() != Errc::bad_input) throw Error{refused.code(), refused.what()};
  return pki::SpkiPin::of_key(file, pki::read_public_key_file(file));
}

pki::SpkiPin pin_in_token(Host& host, const std::string& place) {
  const auto slash = place.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == place.size())
    throw UsageError{"--backup-key '" + place + "' is not like TOKEN/LABEL"};
  const auto key = host.public_token(place.substr(0, slash)).public_key(place.substr(slash + 1));
  return pki::SpkiPin::of_key("key '" + place.substr(slash + 1) + "' in token " + place.substr(0, slash),
                              key->subject_public_key());
}

std::string written(const pki::PinSet& set, const PinsOptions& o) {
  if (o.json) return pins_json(set);
  if (o.format == "c") return pins_c(set);
  if (o.format == "text") return pins_text(set);
  throw UsageError{"--format '" + o.format + "' is neither text nor c"};
}

Exit pins(const PinsOptions& o, World& world) {
  std::vector<pki::SpkiPin> used, backups;
  for (const auto& file : o.certificates)
    used.push_back(pki::SpkiPin::of_certificate(file, pki::load_certificates(file).front()));
  for (const auto& file : o.backups) backups.push_back(pin_of_file(file));
  if (!o.backup_keys.empty()) {
    Host host{world};
    for (const auto& place : o.backup_keys) backups.push_back(pin_in_token(host, place));
  }
  world.out << written(pki::PinSet::make(std::move(used), std::move(backups)), o);
  return Exit::ok;
}

}  // namespace

void add_ca_pins(Tool& tool) {
  tool.verb<PinsOptions>("pins", "Print the pin set of servers' keys, with a backup", declare, pins);
}

}  // namespace lamp::cli
