// Verification of a release on a host, without its content key: the device's checks in the device's order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/firmware/check.hpp"

namespace lamp::firmware {

/// Which partner's application is expected, where one is.
struct ApplicationTrust {
  std::string partner;
  std::optional<std::string> name;  ///< of the application; absent: any of the partner's
  std::vector<std::string> grants;  ///< what it may ask for
};

/// What the verifier believes beforehand.
struct ReleaseTrust {
  std::vector<Bytes> release_keys;  ///< SubjectPublicKeyInfo
  std::vector<Bytes> hybrid_keys;   ///< SubjectPublicKeyInfo of ML-DSA-87; when there are any, one must sign as well
  std::vector<Bytes> officers;      ///< SubjectPublicKeyInfo of the roster's approval keys
  std::uint64_t threshold = 0;
  std::optional<std::string> vendor;  ///< domain
  std::optional<std::string> model;
  std::uint64_t minimum_sequence = 0;  ///< the release's sequence must not be below it
  std::uint64_t minimum_epoch = 0;
  /// There: an application is expected, `release_keys` being its partner's key. Absent: firmware is.
  std::optional<ApplicationTrust> application{};
};

/// Acceptable, or the first reason in the words of describe(). There is no clock in it: an approval's expiry bounds
/// when a release may be sealed, and a sealed release stays what it is. Throws Error only when a key in `trust` is
/// none.
[[nodiscard]] Verdict verify_release(ByteView envelope, const ReleaseTrust& trust);

/// The reason as a value, for callers that branch on it.
[[nodiscard]] Outcome check_release(ByteView envelope, const ReleaseTrust& trust);

/// Cryptography by Botan.
class SoftwareVerifier : public Verifier {
 public:
  [[nodiscard]] Digest sha256(ByteView bytes) override;
  [[nodiscard]] bool verifies(const cose::Sign1& message, ByteView public_key, ByteView payload) override;
};

}  // namespace lamp::firmware
