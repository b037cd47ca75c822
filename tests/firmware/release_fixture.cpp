#include "tests/firmware/release_fixture.hpp"

#include <botan/ec_group.h>
#include <botan/system_rng.h>

#include "lib/crypto/cose.hpp"
#include "lib/crypto/key_wrap.hpp"
#include "lib/firmware/encryption.hpp"
#include "tests/crypto/keys.hpp"

namespace lamp::firmware::test {
namespace {

auto& rng() { return Botan::system_rng(); }
Botan::ECDSA_PrivateKey new_p256() { return {rng(), Botan::EC_Group::from_name("secp256r1")}; }

}  // namespace

// The smallest release key that cose::algorithm_for takes: the product's has 4096 bits, which only cost time here.
Keys::Keys()
    : release{testing_keys::rsa3072()},
      second{new_p256()},
      stranger{new_p256()},
      hybrid{testing_keys::ml_dsa_87()},
      acme{new_p256()},
      globex{new_p256()} {
  for (int i = 0; i < 3; ++i) officers.push_back(new_p256());
}

const Keys& keys() {
  static const Keys all;
  return all;
}

Bytes spki(const Botan::Public_Key& key) { return key.subject_public_key(); }

KeyId id_of(const Botan::Public_Key& key) { return sha256(spki(key)); }

SymmetricKey kek(std::uint8_t fill, std::size_t size) { return SymmetricKey{SecureBytes(size, fill)}; }

Bytes sign_digest(const Botan::Private_Key& key, ByteView manifest) {
  return cose::sign1(key, rng(), suit_digest(manifest), "");
}

Made make_release(const Recipe& recipe) {
  const auto key_length = key_size(recipe.cipher);
  const SymmetricKey content_key{rng().random_vec(key_length)};
  const auto wrapped = crypto::wrap_key(kek(recipe.kek_fill, key_length), content_key);
  auto payload = encrypt_payload(recipe.cipher, content_key, rng().random_vec<Bytes>(iv_size(recipe.cipher)), wrapped,
                                 "kek." + recipe.model, recipe.image);
  Manifest manifest;
  manifest.sequence = recipe.sequence;
  manifest.vendor = vendor_id(recipe.vendor);
  manifest.model = recipe.model;
  const auto permissions = recipe.application ? recipe.application->encode() : Bytes{};
  manifest.permissions = permissions;
  manifest.model_class = class_of(manifest);
  manifest.version = recipe.version;
  manifest.security_epoch = recipe.epoch;
  manifest.image_digest = sha256(recipe.image);
  manifest.image_size = recipe.image.size();
  manifest.payload_digest = sha256(payload.ciphertext);
  manifest.payload_size = payload.ciphertext.size();
  manifest.encryption_info = payload.info;
  manifest.place = recipe.place;
  for (const auto& id : recipe.revoked) manifest.revoked.add(id);
  Made made;
  made.manifest = encode_manifest(manifest);
  made.payload = std::move(payload.ciphertext);
  const auto sign_by = [&](cose::Algorithm algorithm, const Botan::Private_Key& key) {
    made.blocks.push_back(cose::sign1_as(algorithm, key, rng(), suit_digest(made.manifest), ""));
  };
  if (recipe.signer != nullptr)
    made.blocks.push_back(sign_digest(*recipe.signer, made.manifest));
  else if (recipe.release_signature)
    sign_by(recipe.release_algorithm, keys().release);
  if (recipe.second_signature) made.blocks.push_back(sign_digest(keys().second, made.manifest));
  if (recipe.hybrid_signature) sign_by(cose::Algorithm::ml_dsa_87, keys().hybrid);
  for (const auto officer : recipe.officers)
    made.blocks.push_back(sign_digest(keys().officers.at(officer), made.manifest));
  made.envelope = encode_envelope(made.manifest, made.blocks, made.payload);
  return made;
}

ReleaseTrust host_trust() {
  ReleaseTrust trust;
  trust.release_keys = {spki(keys().release)};
  for (const auto& officer : keys().officers) trust.officers.push_back(spki(officer));
  trust.threshold = 2;
  trust.vendor = "lamp.example";
  trust.model = "smart-lamp";
  return trust;
}

Application dimmer() { return {"acme", "dimmer", {"light.read", "light.write"}}; }

Recipe dimmer_release(Recipe recipe) {
  if (!recipe.application) recipe.application = dimmer();
  if (recipe.signer == nullptr) recipe.signer = &keys().acme;
  return recipe;
}

ReleaseTrust acme_trust() {
  auto trust = host_trust();
  trust.release_keys = {spki(keys().acme)};
  trust.application = ApplicationTrust{"acme", std::nullopt, {"light.read", "light.write"}};
  return trust;
}

device::DeviceTrust dimmer_trust() {
  auto trust = lamp_trust();
  trust.keys.release.clear();
  trust.keys.release.emplace_back(spki(keys().acme));
  trust.model_class = application_class(trust.model_class, "acme", "dimmer");
  trust.grants = {"light.read", "light.write"};
  return trust;
}

device::DeviceTrust lamp_trust() {
  device::DeviceTrust trust;
  trust.keys.release.emplace_back(spki(keys().release));
  trust.keys.release.emplace_back(spki(keys().second));
  for (const auto& officer : keys().officers) trust.keys.officers.emplace_back(spki(officer));
  trust.keys.threshold = 2;
  trust.vendor = vendor_id("lamp.example");
  trust.model_class = class_id(trust.vendor, "smart-lamp");
  return trust;
}

}  // namespace lamp::firmware::test
