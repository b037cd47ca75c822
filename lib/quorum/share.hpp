// An officer's share of a token PIN on its way: sealed in the dealing, opened on the officer's machine, sealed again to
// one request's session key, opened by the combiner. Each seal is bound to what it is for; each opening checks the
// commitment.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"
#include "lib/crypto/seal.hpp"
#include "lib/quorum/dealing.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::quorum {

/// SHA-256 of the share. Goes into the dealing, so that a bad share names its officer.
[[nodiscard]] Bytes commitment(const Share& share);

/// What is dealt to an officer is bound to: its kind, token serial number, custody key, roster, number of the dealing
/// (or another that tells one dealing from the next) and the officer's certificate.
[[nodiscard]] Bytes officers_context(std::string_view kind, const Roster& roster, std::uint64_t number,
                                     const Officer& officer);
/// The same of a share of the PIN.
[[nodiscard]] Bytes dealt_share_context(const Roster& roster, std::uint64_t dealing, const Officer& officer);
/// What a share on its way to the combiner is bound to: the digest of one request, and the officer.
[[nodiscard]] Bytes request_share_context(ByteView request_digest, const std::string& officer);

[[nodiscard]] Bytes seal_share(const Share& share, ByteView recipient_point, ByteView context,
                               Botan::RandomNumberGenerator& rng);
/// Opens a box made for `context` and checks it against the officer's commitment. Throws Error{denied} naming the
/// officer when the box does not open or holds another share.
[[nodiscard]] Share open_share(ByteView box, crypto::AgreementKey& key, ByteView context, const DealtShare& dealt);

/// An officer's step: their share leaves the dealing's box, by their own share key, for one that only the session key
/// of this request opens.
[[nodiscard]] Bytes hand_over_share(const Roster& roster, const Dealing& dealing, const Officer& officer,
                                    crypto::AgreementKey& share_key, ByteView session_point, ByteView request_digest,
                                    Botan::RandomNumberGenerator& rng);

/// A new PIN beside its pending dealing: bound to the occasion, the token and the dealing.
[[nodiscard]] Bytes seal_pin(const Pin& pin, ByteView session_point, const Roster& roster, const Renewal& renewal,
                             Botan::RandomNumberGenerator& rng);
/// Throws Error{denied} when the session key is another occasion's.
[[nodiscard]] Pin open_pin(crypto::AgreementKey& session_key, const Roster& roster, const Renewal& renewal);

}  // namespace lamp::quorum
