#include "tests/sim/provisioning.hpp"

#include <botan/pkcs8.h>
#include <botan/rng.h>
#include <botan/x509_key.h>
#include <botan/x509self.h>

#include "lib/crypto/seal.hpp"
#include "tests/firmware/release_fixture.hpp"

namespace lamp::test {

using namespace manufacturing;

firmware::DeviceProfile small_profile(const std::string& model) {
  firmware::DeviceProfile profile;
  profile.model = model;
  profile.slot_size = 8192;
  return profile;
}

Bytes certificate_for(const Botan::Private_Key& key, Botan::RandomNumberGenerator& rng) {
  Botan::X509_Cert_Options options{"device"};
  return Botan::X509::create_self_signed_cert(options, key, "SHA-256", rng).BER_encode();
}

firmware::CredentialBlock credential_block(const std::string& model, const Bytes& certificate) {
  firmware::CredentialBlock block{.vendor = "lamps.example",
                                  .model = model,
                                  .serial = "SL-26-000001",
                                  .mac = MacAddress::parse("00:00:5e:00:53:01"),
                                  .cloud_url = "https://localhost:8443",
                                  .chain = {certificate},
                                  .trust_anchors = {certificate},
                                  .release_keys = {firmware::test::spki(firmware::test::keys().second)},
                                  .officers = {},
                                  .threshold = 0,
                                  .model_kek = SymmetricKey{SecureBytes(32, 7)},
                                  .commissioning_secret = DeviceSecret{SecureBytes(32, 9)},
                                  .install_code = std::nullopt,
                                  .secrets = {}};
  return block;
}

ResponseBody ask(sim::VirtualDevice& device, RequestBody body) {
  const auto request = decode_request(encode(Request{41, std::move(body)}));
  const auto response = decode_response(encode(device.answer(request)));
  return response.sequence == 41 ? response.body : Refusal{Status::internal, "another sequence number"};
}

Install install_request(const firmware::CredentialBlock& block, const Identity& identity,
                        Botan::RandomNumberGenerator& rng) {
  return {crypto::seal(firmware::encode(block), identity.session_point, install_context(identity.chip_id), rng)};
}

void provision(sim::VirtualDevice& device, Botan::RandomNumberGenerator& rng) {
  const auto identity = std::get<Identity>(ask(device, Identify{}));
  (void)std::get<GeneratedKey>(ask(device, Generate{Bytes(kNonceSize, 1)}));
  const auto certificate = certificate_for(*sim::device_key(device.flash().contents()), rng);
  const auto block = credential_block(device.model(), certificate);
  (void)std::get<Installed>(ask(device, install_request(block, identity, rng)));
}

}  // namespace lamp::test
