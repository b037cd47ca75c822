// An officer's share of a token PIN on its way: sealed in the roster, opened on the officer's machine, sealed again to
// one request's session key, opened by the combiner. Each seal is bound to what it is for; each opening checks the
// commitment.
#pragma once

#include <string>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"
#include "lib/crypto/seal.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::quorum {

/// SHA-256 of the share. Goes into the roster, so that a bad share names its officer.
[[nodiscard]] Bytes commitment(const Share& share);

/// What a share in the roster is bound to: token serial number, release key, epoch and the officer's certificate. Uses
/// nothing of the roster that depends on the shares.
[[nodiscard]] Bytes roster_share_context(const Roster& roster, const Officer& officer);
/// What a share on its way to the combiner is bound to: the digest of one request, and the officer.
[[nodiscard]] Bytes request_share_context(ByteView request_digest, const std::string& officer);

[[nodiscard]] Bytes seal_share(const Share& share, ByteView recipient_point, ByteView context,
                               Botan::RandomNumberGenerator& rng);
/// Opens a box made for `context` and checks it against the officer's commitment. Throws Error{denied} naming the
/// officer when the box does not open or holds another share.
[[nodiscard]] Share open_share(ByteView box, crypto::AgreementKey& key, ByteView context, const Officer& officer);

}  // namespace lamp::quorum
