// One release after another for tests: keys made once per process, everything that can be wrong as a field to change.
#pragma once

#include <botan/ecdsa.h>

#include <optional>
#include <string>
#include <vector>

#include "lib/base/secret.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/application.hpp"
#include "lib/firmware/device/updater.hpp"
#include "lib/firmware/encryption.hpp"
#include "lib/firmware/verify.hpp"

namespace lamp::firmware::test {

struct Keys {
  Keys();
  const Botan::Private_Key& release;
  Botan::ECDSA_PrivateKey second;                 ///< the other release key of devices
  std::vector<Botan::ECDSA_PrivateKey> officers;  ///< three of the roster
  Botan::ECDSA_PrivateKey stranger;
  const Botan::Private_Key& hybrid;      ///< ML-DSA-87
  Botan::ECDSA_PrivateKey acme, globex;  ///< two partners' application keys
};
const Keys& keys();

[[nodiscard]] Bytes spki(const Botan::Public_Key& key);
/// The model's key-encryption key: 32 times, or fewer, `fill`.
[[nodiscard]] SymmetricKey kek(std::uint8_t fill = 0x4b, std::size_t size = 32);

/// A release that is right unless a field says otherwise.
struct Recipe {
  std::string vendor = "lamp.example", model = "smart-lamp";
  Version version{1, 1, 0};
  std::uint64_t sequence = 5, epoch = 2;
  Bytes image = Bytes(300, 0xa5);
  std::uint8_t kek_fill = 0x4b;
  bool release_signature = true;
  std::vector<std::size_t> officers = {0, 1};
  PayloadCipher cipher = PayloadCipher::a256gcm;
  PayloadPlace place = PayloadPlace::integrated;
  std::vector<KeyId> revoked = {};
  bool hybrid_signature = false;
  cose::Algorithm release_algorithm = cose::Algorithm::ps256;
  bool second_signature = false;
  std::optional<Application> application{};  ///< makes it one; its signatures are as those of firmware but for `signer`
  const Botan::Private_Key* signer = nullptr;  ///< in place of the release key
};

/// acme's dimmer, which reads and writes the light.
[[nodiscard]] Application dimmer();
/// A release of it, right unless a field of `recipe` says otherwise.
[[nodiscard]] Recipe dimmer_release(Recipe recipe = {});

struct Made {
  Bytes manifest, payload, envelope;
  std::vector<Bytes> blocks;
};
[[nodiscard]] Made make_release(const Recipe& recipe = {});
[[nodiscard]] Bytes sign_digest(const Botan::Private_Key& key, ByteView manifest);

/// Two of three officers, floors as low as they go.
[[nodiscard]] ReleaseTrust host_trust();
/// The same for acme's applications, which may read and write the light.
[[nodiscard]] ReleaseTrust acme_trust();
/// Of the dimmer's flash part.
[[nodiscard]] device::DeviceTrust dimmer_trust();
/// With both release keys.
[[nodiscard]] device::DeviceTrust lamp_trust();
[[nodiscard]] KeyId id_of(const Botan::Public_Key& key);

}  // namespace lamp::firmware::test
