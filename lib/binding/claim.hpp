// Claim codes: what the label of a gateway says and its finder must know. The service keeps a salted verifier, so that
// a copy of its database claims nothing.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::binding {

/// 16 characters of base32: 80 random bits.
using ClaimCode = Secret<struct ClaimCodeTag>;

[[nodiscard]] ClaimCode make_claim_code(Botan::RandomNumberGenerator& rng);

/// What people type: case, spaces and hyphens do not count, and the digits 0, 1 and 8, which base32 lacks, are taken
/// for the letters they look like. Throws Error{bad_input} when it is no claim code at all; the message does not quote
/// it.
[[nodiscard]] ClaimCode read_claim_code(std::string_view typed);

/// HMAC-SHA-256 keyed with the salt. With 80 random bits nothing is gained by a slow hash, and a slow one would let
/// strangers keep the service busy.
struct ClaimVerifier {
  Bytes salt;      ///< 16 random bytes
  Bytes verifier;  ///< 32 bytes

  [[nodiscard]] static ClaimVerifier make(const ClaimCode& code, Botan::RandomNumberGenerator& rng);
};

enum class ClaimCheck { right, wrong };
/// Takes the same time for every wrong code. A verifier without salt or of another size is never right.
[[nodiscard]] ClaimCheck check(const ClaimCode& code, const ClaimVerifier& verifier);

}  // namespace lamp::binding
