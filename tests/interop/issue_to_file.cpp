// issue_to_file SITE AUTHORITY PROFILE FILE [NAME=VALUE ...]: a certificate of a real site for a key in a file, so that
// curl and openssl can be a device or a station. Writes FILE.key and FILE.pem.
#include <botan/ec_group.h>
#include <botan/ecdsa.h>
#include <botan/pkcs8.h>

#include <iostream>

#include "cli/ca/site_authority.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/pki/issue.hpp"

namespace {

using namespace lamp;

void issue(cli::World& world, const std::vector<std::string>& arguments) {
  world.site = arguments.at(0);
  cli::Host host{world};
  const auto signer = cli::open_authority(host, arguments.at(1));
  pki::Subject subject{{"site", host.site().name}};
  for (const auto& argument : std::span{arguments}.subspan(4)) {
    const auto equals = argument.find('=');
    subject[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  const Botan::ECDSA_PrivateKey key{world.rng, Botan::EC_Group::from_name("secp256r1")};
  const auto issued =
      pki::issue(cli::open_register(host), signer.authority, cli::load_profile(host.site(), arguments.at(2)), subject,
                 key, host.now(), world.rng, [](store::Transaction&, const pki::Issued&) {});
  publish(arguments.at(3) + ".key", Botan::PKCS8::PEM_encode(key), Mode::secret);
  publish(arguments.at(3) + ".pem", pki::to_pem({issued.certificate, signer.authority.chain().front()}));
  world.out << issued.serial << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  cli::RealWorld real;
  const auto done = attempt([&] { return issue(real.world(), {argv + 1, argv + argc}), true; });
  if (const auto* failed = std::get_if<Error>(&done)) {
    std::cerr << "issue_to_file: " << failed->what() << '\n';
    return 3;
  }
  return 0;
}
