// What came back from a server that certifies for us, held against what was asked for, before anything is done with it.
#pragma once

#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/pki/profile.hpp"

namespace lamp::pki {

/// Non-owning.
struct EnrolmentWish {
  const Profile& profile;
  const Subject& values;
  ByteView public_key_info;          ///< SubjectPublicKeyInfo of the key to be certified
  const std::vector<Bytes>& issuer;  ///< DER: the authority that is to sign, its issuers, the root
};

/// What speaks against the certificate (DER): it must be, byte for byte, what the profile here makes of values and key,
/// but for its serial number and the time at which it begins; lint finds nothing; its chain reaches the root. A
/// certificate of the last minutes counts also when the server's clock is a little ahead of `now`.
[[nodiscard]] Verdict judge_enrolled(ByteView certificate, const EnrolmentWish& wish, Instant now);

}  // namespace lamp::pki
