// canary SITE COMMAND: opens the shares of the release token's PIN, and of the ML-DSA key beside it, as the officers'
// cards would, before and after the command (run by /bin/sh in the site), then looks for PIN, key and shares, as they
// are and in the texts that bytes are put into, in every file of the site, in the command's output, and for core files.
// Ends with 0 when there is nothing, and says how often it would have found the officers' own PINs, which do lie in
// files, as proof that it can find.
#include <botan/pk_keys.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "hsm/custody.hpp"
#include "hsm/hybrid.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/config/site.hpp"
#include "lib/quorum/share.hpp"

namespace {

using namespace lamp;
namespace fs = std::filesystem;

struct Canary {
  std::string name;
  Bytes bytes;
  bool stays = false;  ///< the same before and after
};

void add(std::vector<Canary>& all, const std::string& name, ByteView secret, bool stays = false) {
  all.push_back({name, {secret.begin(), secret.end()}, stays});
  all.push_back({name + " in hex", to_bytes(hex(secret)), stays});
  all.push_back({name + " in base64", to_bytes(base64(secret)), stays});
}

/// What RTSS puts before a share's value is the same in every share of every dealing.
ByteView value_of(const Share& share) { return share.expose_secret().last(32); }

/// Shares of the ML-DSA key, which go on from dealing to dealing while it is not used; what they open, and the key.
void add_hybrid(std::vector<Canary>& all, const std::string& when, const fs::path& site, const quorum::Roster& roster,
                const quorum::DealtHybrid& dealt, const std::vector<Share>& shares) {
  for (std::size_t i = 0; i < shares.size(); ++i)
    add(all, when + " share of the ML-DSA key of " + roster.officers[i].name, value_of(shares[i]), true);
  const auto under = hsm::combine_key(shares);
  add(all, when + " key that seals the ML-DSA key", under.expose_secret(), true);
  const auto key = quorum::open_hybrid_key(quorum::read_hybrid(site, roster.name, dealt), under, roster, dealt.number);
  add(all, "the ML-DSA key", key->private_key_bits(), true);
}

std::vector<Canary> secrets_of(const fs::path& folder, const std::string& when) {
  const auto site = config::Site::load(folder / "site.yaml");
  const auto roster = quorum::Roster::load(quorum::roster_file(site.root, "release"));
  const auto dealing = quorum::Dealing::load(quorum::DealingFiles{site.root, "release"}.current, roster);
  std::vector<Canary> all;
  std::vector<Share> shares, hybrid_shares;
  for (const auto& officer : roster.officers) {
    const auto& place = site.token(site.person(officer.name).token);
    auto token = hsm::Token::open({place.module, place.uri, place.module_init});
    token.login(Pin{read_secret_file(*place.pin_file)});
    const auto key = token.agreement_key("share");
    shares.push_back(quorum::open_share(dealing.of(officer.name).box, *key,
                                        quorum::dealt_share_context(roster, dealing.number, officer),
                                        dealing.of(officer.name)));
    add(all, when + " share of " + officer.name, value_of(shares.back()));
    if (dealing.hybrid) hybrid_shares.push_back(quorum::open_hybrid_share(roster, *dealing.hybrid, officer, *key));
  }
  if (dealing.hybrid) add_hybrid(all, when, site.root, roster, *dealing.hybrid, hybrid_shares);
  add(all, when + " PIN", hsm::combine(shares).expose_secret());
  return all;
}

std::size_t search(const fs::path& folder, const std::vector<Canary>& canaries, std::ostream& out) {
  std::size_t found = 0;
  for (const auto& entry : fs::recursive_directory_iterator{folder}) {
    if (!entry.is_regular_file()) continue;
    if (entry.path().filename().string().starts_with("core")) {
      out << "a core file: " << entry.path() << '\n';
      ++found;
    }
    const auto bytes = read_file(entry.path());
    for (const auto& canary : canaries) {
      if (std::search(bytes.begin(), bytes.end(), canary.bytes.begin(), canary.bytes.end()) == bytes.end()) continue;
      out << canary.name << " lies in " << entry.path() << '\n';
      ++found;
    }
  }
  return found;
}

int watch(const fs::path& site, const std::string& command) {
  ::setenv("SOFTHSM2_CONF", (site / "tokens/softhsm2.conf").c_str(), 1);
  auto canaries = secrets_of(site, "the old");
  const auto run = "cd '" + site.string() + "' && { " + command + "; } >output 2>&1";
  const int status = std::system(run.c_str());
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::cerr << "the command failed\n" << read_text_file(site / "output");
    return 1;
  }
  for (auto& canary : secrets_of(site, "the new")) {
    const bool renewed =
        canary.stays || std::ranges::none_of(canaries, [&](const Canary& c) { return c.bytes == canary.bytes; });
    if (!renewed) std::cerr << canary.name << " is the old one\n";
    if (!renewed) return 1;
    canaries.push_back(std::move(canary));
  }
  std::vector<Canary> known;
  const auto pin = read_text_file(site / "pins/officer-1");
  known.push_back({"an officer's PIN", to_bytes(pin.substr(0, pin.find('\n')))});
  std::ostream nowhere{nullptr};
  const auto control = search(site, known, nowhere);
  const auto found = search(site, canaries, std::cerr);
  std::cout << canaries.size() << " secrets searched for, found " << found << "; one that lies in a file was found "
            << control << " times\n";
  return found == 0 && control > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto outcome = attempt([&] { return watch(fs::absolute(argv[1]), argv[2]); });
  if (const auto* why = std::get_if<Error>(&outcome)) {
    std::cerr << why->what() << '\n';
    return 3;
  }
  return std::get<int>(outcome);
}
