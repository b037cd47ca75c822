// How a model's releases are made: the map `release` of a device profile, lamp-device(5).
#pragma once

#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/encryption.hpp"
#include "lib/firmware/signed_region.hpp"
#include "lib/firmware/suit.hpp"

namespace lamp::config {
class Node;
}

namespace lamp::firmware {

struct ReleaseSettings {
  /// By the release key: ps256 or ps512; by a partner's: esp256.
  cose::Algorithm signature = cose::Algorithm::ps256;
  bool hybrid = false;  ///< beside it a signature by ML-DSA-87, which devices of the model ask for as well
  PayloadCipher cipher = PayloadCipher::a256gcm;
  PayloadPlace place = PayloadPlace::integrated;
  std::string key = "release";  ///< label of the token's key that signs the envelope

  /// Throws Error{bad_input} with place.
  [[nodiscard]] static ReleaseSettings read(const config::Node& node);
  /// Nothing when all is as it is without the map, so that a profile without it keeps its digest.
  [[nodiscard]] Bytes encoded() const;
  /// The same for a partner's applications: by the partner's key alone, in the envelope.
  [[nodiscard]] ReleaseSettings for_partner(std::string_view partner) const;
  bool operator==(const ReleaseSettings&) const = default;
};

/// The envelope's signatures, in the order in which they stand in it: by the release key or the partner's, by the
/// ML-DSA key.
[[nodiscard]] std::vector<SignedRegion> suit_regions(ByteView suit_digest, const ReleaseSettings& settings);
/// The signatures' settings under which these regions are the envelope's; the payload's are as they are without the
/// map. Of regions that no settings give, whatever is nearest.
[[nodiscard]] ReleaseSettings settings_of(const std::vector<SignedRegion>& regions);

[[nodiscard]] inline bool is_of_envelope(const SignedRegion& region) { return region.output == "suit"; }
/// Whether it is the one by the ML-DSA key.
[[nodiscard]] bool is_hybrid(const SignedRegion& region);

}  // namespace lamp::firmware
