// The second key of a quorum's releases: ML-DSA-87, for models whose devices ask for it beside RSA. No token holds such
// a key yet, so it is the one that is software: sealed under a 256-bit key of its own, which is dealt out to the same
// officers as the token's PIN and has nothing to do with it. quorum/<name>.hybrid.<box>.cbor, lamp-quorum(5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"
#include "lib/crypto/seal.hpp"
#include "lib/quorum/dealing.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::quorum {

/// What requests, policies and transcripts call the key; no token's key has this label.
inline constexpr std::string_view kHybridKey = "hybrid";

/// A fresh key pair. Whoever made it seals it and lets go of it.
[[nodiscard]] std::unique_ptr<Botan::Private_Key> make_hybrid_key(Botan::RandomNumberGenerator& rng);

/// The key sealed under `under`, which seals nothing else: bound to token, custody key, roster and number of the
/// dealing. The roster must be complete but for its signatures.
[[nodiscard]] Bytes seal_hybrid_key(const Botan::Private_Key& key, const SymmetricKey& under, const Roster& roster,
                                    std::uint64_t number, Botan::RandomNumberGenerator& rng);
/// Throws Error{denied} when the box is of another roster or dealing, was altered, or holds another key than the
/// roster's. The caller signs with it and lets go of it: it is zeroed then.
[[nodiscard]] std::unique_ptr<Botan::Private_Key> open_hybrid_key(ByteView box, const SymmetricKey& under,
                                                                  const Roster& roster, std::uint64_t number);

/// Seals each share of `under` to its officer.
[[nodiscard]] DealtHybrid seal_hybrid_shares(const Roster& roster, std::uint64_t number, ByteView box,
                                             const std::vector<Share>& shares, Botan::RandomNumberGenerator& rng);

/// What an officer's share in a dealing is bound to; never equal to the context of a share of the PIN.
[[nodiscard]] Bytes hybrid_share_context(const Roster& roster, std::uint64_t number, const Officer& officer);
/// What it is bound to on its way to the combiner: the digest of a request or act, and the officer.
[[nodiscard]] Bytes request_hybrid_share_context(ByteView request_digest, const std::string& officer);

/// Opens an officer's share as it lies in the dealing.
[[nodiscard]] Share open_hybrid_share(const Roster& roster, const DealtHybrid& dealt, const Officer& officer,
                                      crypto::AgreementKey& share_key);
/// An officer's step: their share leaves the dealing's box for one that only this occasion's session key opens. Throws
/// Error{denied} when the dealing has none.
[[nodiscard]] Bytes hand_over_hybrid_share(const Roster& roster, const Dealing& dealing, const Officer& officer,
                                           crypto::AgreementKey& share_key, ByteView session_point,
                                           ByteView request_digest, Botan::RandomNumberGenerator& rng);

/// Where a box lies; named by its digest, so that a renewal that is cut short leaves the one before it alone.
[[nodiscard]] std::filesystem::path hybrid_file(const std::filesystem::path& site, const std::string& quorum,
                                                ByteView box_digest);
/// Writes the box, mode 0600, durable when this returns.
void publish_hybrid(const std::filesystem::path& site, const std::string& quorum, ByteView box);
/// The box that a dealing names. Throws Error{not_found}, Error{denied} when the file is another.
[[nodiscard]] Bytes read_hybrid(const std::filesystem::path& site, const std::string& quorum, const DealtHybrid& dealt);
/// Removes the quorum's boxes but the one that `keep` names.
void discard_other_hybrids(const std::filesystem::path& site, const std::string& quorum, const DealtHybrid& keep);

}  // namespace lamp::quorum
