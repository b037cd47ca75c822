// What the station injects into a device: who it is, whom it believes, and its secrets. lamp-credential(5).
//
// On the cable the block is sealed to the device's session key (crypto::seal), which authenticates all of it. It ends
// with a SHA-256 over the rest, by which a device notices at every start that its copy was damaged; the proof of
// storing it is the SHA-256 of the whole block, which the device reports back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/parse.hpp"
#include "lib/base/secret.hpp"
#include "lib/firmware/device/updater.hpp"
#include "lib/firmware/device_key.hpp"
#include "lib/firmware/zigbee_install_code.hpp"

namespace lamp::firmware {

/// A partner whose applications the device takes.
struct TrustedPartner {
  std::string name;
  Bytes key;                        ///< SubjectPublicKeyInfo; signs this partner's applications and nothing else
  std::vector<std::string> grants;  ///< APIs that they may ask for; ascending
};

struct CredentialBlock {
  std::string vendor;  ///< domain name, of which SUIT's vendor id is made
  std::string model, serial;
  MacAddress mac;
  std::string cloud_url;
  std::vector<Bytes> chain;               ///< DER: the IDevID, then its issuers without the root
  std::vector<Bytes> trust_anchors;       ///< DER
  std::vector<Bytes> release_keys;        ///< SubjectPublicKeyInfo; two, so that one can be replaced
  std::vector<Bytes> officers;            ///< SubjectPublicKeyInfo of the roster's approval keys
  std::uint64_t threshold = 0;            ///< officers that a release needs; 0 where the model does not ask for them
  std::optional<SymmetricKey> model_kek;  ///< 32 bytes, or 16 for models that need it
  std::optional<DeviceSecret> commissioning_secret;           ///< 32 bytes, for BLE
  std::optional<InstallCode> install_code;                    ///< for Zigbee
  std::vector<std::pair<std::string, DeviceSecret>> secrets;  ///< further ones by name, such as network credentials
  std::vector<Bytes> hybrid_keys{};  ///< SubjectPublicKeyInfo of ML-DSA-87; where there are any, one must sign as well
  std::vector<DeviceKey> device_keys{};  ///< the device's own keys that the station made
  std::vector<Bytes> pins{};             ///< SHA-256 of the service's SubjectPublicKeyInfo, with a backup (RFC 7469)
  std::uint64_t application_slot = 0;    ///< bytes that one application may have; 0 where there are no partners
  std::vector<TrustedPartner> partners{};
  /// The device's own key of this name, when the station made it.
  [[nodiscard]] const DeviceKey* key(std::string_view name) const noexcept;
};

[[nodiscard]] SecureBytes encode(const CredentialBlock& block);
/// Strict. Throws Error{bad_input}; the message quotes nothing of the block.
[[nodiscard]] CredentialBlock parse_credential_block(ByteView encoded);

/// What the device's updater believes. Throws Error{bad_input} when a key in the block is none.
[[nodiscard]] device::DeviceTrust device_trust(const CredentialBlock& block);
/// What the updater of one partner's application believes; nothing when the device does not know the partner.
[[nodiscard]] std::optional<device::DeviceTrust> application_trust(const CredentialBlock& block,
                                                                   std::string_view partner,
                                                                   std::string_view application);

}  // namespace lamp::firmware
