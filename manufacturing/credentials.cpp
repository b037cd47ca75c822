#include "manufacturing/credentials.hpp"

#include <botan/rng.h>

#include "lib/base/error.hpp"
#include "lib/binding/escrow.hpp"
#include "lib/binding/label.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/seal.hpp"
#include "lib/firmware/credential_block.hpp"

namespace lamp::manufacturing {
namespace {

using firmware::Credential;

constexpr std::size_t kCommissioningSecretSize = 32;

template <class Purpose>
Secret<Purpose> copy_of(std::span<const std::uint8_t> bytes) {
  return Secret<Purpose>{SecureBytes(bytes.begin(), bytes.end())};
}

class Escrow {
 public:
  Escrow(const std::string& serial, ByteView point, Botan::RandomNumberGenerator& rng)
      : serial_{serial}, point_{point}, rng_{rng} {}
  void add(Credential kind, std::span<const std::uint8_t> secret) {
    const std::string name{firmware::name_of(kind)};
    cbor::Writer box;
    box.bytes(crypto::seal(secret, point_, binding::escrow_context(serial_, name), rng_));
    boxes_.add(name, std::move(box));
  }
  [[nodiscard]] Bytes encoded() const { return boxes_.encoded(); }

 private:
  const std::string& serial_;
  ByteView point_;
  Botan::RandomNumberGenerator& rng_;
  cbor::MapWriter boxes_;
};

/// The partners that the profile names, with their keys.
void add_partners(firmware::CredentialBlock& block, const firmware::DeviceProfile& profile, const StationTrust& trust) {
  if (!profile.applications) return;
  block.application_slot = profile.applications->slot_size;
  for (const auto& [partner, grants] : profile.applications->partners) {
    const auto key = trust.other_keys.find(firmware::application_key(partner));
    if (key == trust.other_keys.end()) throw Error{Errc::internal, "no key of partner " + partner};
    block.partners.push_back({partner, key->second, grants});
  }
}

firmware::CredentialBlock block_for(const Unit& unit, const firmware::DeviceProfile& profile,
                                    const SymmetricKey& model_kek, const StationTrust& trust) {
  firmware::CredentialBlock block{.vendor = profile.vendor,
                                  .model = unit.model,
                                  .serial = unit.serial,
                                  .mac = unit.mac,
                                  .cloud_url = trust.cloud_url,
                                  .chain = {unit.certificate},
                                  .trust_anchors = {},
                                  .release_keys = {},
                                  .officers = {},
                                  .threshold = 0,
                                  .model_kek = std::nullopt,
                                  .commissioning_secret = std::nullopt,
                                  .install_code = std::nullopt,
                                  .secrets = {}};
  block.chain.insert(block.chain.end(), trust.issuers.begin(), trust.issuers.end());
  if (profile.has(Credential::trust_anchors)) block.trust_anchors = trust.trust_anchors;
  if (profile.has(Credential::release_key)) block.release_keys = trust.release_keys;
  if (profile.has(Credential::release_key) && profile.release.hybrid) {
    if (trust.hybrid_keys.empty()) throw Error{Errc::internal, "no ML-DSA-87 key for " + unit.model};
    block.hybrid_keys = trust.hybrid_keys;
  }
  if (profile.has(Credential::model_kek)) block.model_kek = copy_of<struct SymmetricKeyTag>(model_kek.expose_secret());
  if (profile.has(Credential::spki_pins)) {
    if (trust.pins.empty()) throw Error{Errc::internal, "no pins of the service for " + unit.model};
    block.pins = trust.pins;
  }
  add_partners(block, profile, trust);
  if (profile.approvals == firmware::DeviceApprovals::officers) {
    block.officers = trust.officers;
    block.threshold = trust.threshold;
  }
  return block;
}

/// Key pairs beside the identity.
void add_key_pairs(firmware::CredentialBlock& block, UnitCredentials& made, const firmware::DeviceProfile& profile,
                   Botan::RandomNumberGenerator& rng) {
  const auto add = [&](Credential kind, firmware::KeyCurve curve) {
    if (!profile.has(kind)) return;
    const std::string name{firmware::name_of(kind)};
    block.device_keys.push_back(firmware::make_device_key(name, curve, rng));
    made.public_keys.push_back({name, block.device_keys.back().public_key});
  };
  add(Credential::ble_static_key, firmware::KeyCurve::p256);
  add(Credential::curve_key, firmware::KeyCurve::x25519);
}

}  // namespace

UnitCredentials make_credentials(const Unit& unit, const firmware::DeviceProfile& profile,
                                 const SymmetricKey& model_kek, const StationTrust& trust,
                                 std::optional<firmware::DeviceKey> own_key, Botan::RandomNumberGenerator& rng) {
  if (unit.certificate.empty()) throw Error{Errc::internal, unit.serial + " has no certificate yet"};
  Escrow escrow{unit.serial, trust.escrow_point, rng};
  auto block = block_for(unit, profile, model_kek, trust);
  if (own_key) block.device_keys.push_back(std::move(*own_key));
  UnitCredentials made;
  add_key_pairs(block, made, profile, rng);
  binding::Label label{unit.serial, unit.model, unit.mac, std::nullopt};
  if (profile.has(Credential::ble_commissioning_secret)) {
    block.commissioning_secret.emplace(rng.random_vec<SecureBytes>(kCommissioningSecretSize));
    escrow.add(Credential::ble_commissioning_secret, block.commissioning_secret->expose_secret());
  }
  if (profile.has(Credential::zigbee_install_code)) {
    block.install_code = firmware::make_install_code(rng);
    escrow.add(Credential::zigbee_install_code, block.install_code->expose_secret());
  }
  if (profile.has(Credential::claim_code)) {
    label.claim_code = binding::make_claim_code(rng);
    made.claim = binding::ClaimVerifier::make(*label.claim_code, rng);
    const auto code = label.claim_code->expose_secret();
    escrow.add(Credential::claim_code, code);
    block.secrets.emplace_back(firmware::name_of(Credential::claim_code), copy_of<struct DeviceSecretTag>(code));
  }
  made.block = firmware::encode(block);
  made.digest = credential_digest(made.block);
  made.escrow = escrow.encoded();
  made.label = binding::label_text(label);
  return made;
}

}  // namespace lamp::manufacturing
