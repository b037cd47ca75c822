// What goes into one device, made fresh each time: the credential block, the same secrets sealed to the escrow key, the
// label. The plaintext of a secret lives only here and in the device.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"
#include "lib/binding/claim.hpp"
#include "lib/firmware/device_key.hpp"
#include "lib/firmware/device_profile.hpp"
#include "lib/firmware/public_keys.hpp"
#include "manufacturing/journal.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::manufacturing {

/// What every device of the run is told to believe.
struct StationTrust {
  std::string cloud_url;
  std::vector<Bytes> issuers;        ///< DER, of the device certificates, without the root
  std::vector<Bytes> trust_anchors;  ///< DER roots
  std::vector<Bytes> release_keys;   ///< SubjectPublicKeyInfo
  std::vector<Bytes> officers;       ///< SubjectPublicKeyInfo
  std::uint64_t threshold = 0;
  Bytes escrow_point;
  std::vector<Bytes> hybrid_keys{};  ///< SubjectPublicKeyInfo of ML-DSA-87; only for models whose releases have it
  std::vector<Bytes> pins{};         ///< SHA-256 of the service's keys; only for models with spki-pins
  std::map<std::string, Bytes> other_keys{};  ///< of the release token, by label: the partners' are among them
};

struct UnitCredentials {
  SecureBytes block;
  Bytes digest;  ///< credential_digest() of the block
  Bytes escrow;  ///< binding::read_escrow() reads it
  std::optional<binding::ClaimVerifier> claim;
  SecureBytes label;
  std::vector<firmware::DevicePublicKey> public_keys;  ///< of the key pairs that were made here beside the identity
};

/// `unit` must have its certificate. `own_key` is the IDevID key where the station made it.
[[nodiscard]] UnitCredentials make_credentials(const Unit& unit, const firmware::DeviceProfile& profile,
                                               const SymmetricKey& model_kek, const StationTrust& trust,
                                               std::optional<firmware::DeviceKey> own_key,
                                               Botan::RandomNumberGenerator& rng);

}  // namespace lamp::manufacturing
