// A release request: what officers are shown and approve. lamp-request(5).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/firmware/payload_stream.hpp"
#include "lib/firmware/release.hpp"
#include "lib/firmware/release_policy.hpp"
#include "lib/firmware/release_settings.hpp"
#include "lib/firmware/signed_region.hpp"
#include "lib/firmware/suit.hpp"

namespace lamp::firmware {

struct Request {
  ReleaseName name;
  std::uint64_t sequence = 0;
  std::uint64_t epoch = 0;
  Bytes image_digest;  ///< SHA-256 of the image in clear
  std::uint64_t image_size = 0;
  Bytes payload_digest;  ///< SHA-256 of payload.bin
  std::uint64_t payload_size = 0;
  Bytes suit_digest;    ///< the encoded SUIT_Digest of manifest.cbor: what is signed
  Bytes session_point;  ///< P-256; officers' shares are sealed to it, for this request only
  Bytes roster_digest;
  Instant requested;
  std::string requester;
  Bytes nonce;      ///< 16 random bytes
  Instant expires;  ///< to be sealed before
  Terms terms;      ///< what else was asked for; its model, image, keys and times are the request's own
  std::vector<SignedRegion> signed_regions;  ///< the envelope's, then those of the other outputs

  [[nodiscard]] Bytes encode() const;
  /// Strict. Throws Error{bad_input}.
  [[nodiscard]] static Request parse(ByteView encoded);
  /// SHA-256 of encode(). Approvals and shares are bound to it.
  [[nodiscard]] Bytes digest() const;
};

/// For the rules: the terms with everything that the request says elsewhere.
[[nodiscard]] Terms terms_of(const Request& request);
/// The signature that makes the SUIT envelope, where nothing else is said: release_settings.hpp.
[[nodiscard]] SignedRegion suit_region(ByteView suit_digest);

/// Why the files are not what the request says: every digest is taken anew, and every field is compared with the
/// manifest that devices will read, so that what people are shown is what is signed.
[[nodiscard]] Verdict check_request_files(const Request& request, ByteView manifest, const Measured& payload);

}  // namespace lamp::firmware
