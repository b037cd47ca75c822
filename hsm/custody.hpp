// Custody of a token by several people: its user PIN is random, known to nobody, and dealt out as threshold shares
// (RTSS, draft-mcgrew-tss-03). What this stops and what not: lamp-quorum(5).
#pragma once

#include <cstdint>
#include <vector>

#include "hsm/token.hpp"
#include "lib/base/secret.hpp"
#include "lib/quorum/dealing.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::hsm {

/// Shorter PINs than this can be searched where the token does not count wrong tries: 80 bits.
inline constexpr std::size_t kShortestPin = 16;

/// Characters of base32: 32 of them, or as many as the token takes.
[[nodiscard]] Pin random_pin(Botan::RandomNumberGenerator& rng, std::size_t length = 32);

/// How long the PINs of a token can be that is yet to be made in one of the module's slots. Throws Error{denied} when
/// they are shorter than kShortestPin: such a token cannot be under a quorum.
[[nodiscard]] std::size_t guarded_pin_length(const std::filesystem::path& module, const std::string& module_init);
/// The same of a token that is there.
[[nodiscard]] std::size_t guarded_pin_length(const TokenInfo& token);

/// Shares of the PIN of which any `threshold` give it back. Before it returns, every subset of that size has been
/// recombined and compared. Throws Error{bad_input} unless 2 <= threshold < shares <= 16: with as many shares needed as
/// there are, one lost card loses the key for good.
[[nodiscard]] std::vector<Share> deal(const Pin& pin, std::uint64_t threshold, std::uint64_t shares,
                                      Botan::RandomNumberGenerator& rng);

/// The same of a 256-bit key.
[[nodiscard]] std::vector<Share> deal(const SymmetricKey& key, std::uint64_t threshold, std::uint64_t shares,
                                      Botan::RandomNumberGenerator& rng);

/// Throws Error{denied} when the shares are too few or do not belong together. A PIN that it gives out has passed the
/// dealing's checksum, so that the token never sees a wrong one.
[[nodiscard]] Pin combine(const std::vector<Share>& shares);
/// The same of a 256-bit key.
[[nodiscard]] SymmetricKey combine_key(const std::vector<Share>& shares);

/// Recombines every m-subset of shares that officers opened, and compares with the PIN. Throws Error{denied} naming the
/// officers of the subset that failed. The shares are in the order of the roster's officers.
void require_every_subset(const std::vector<Share>& shares, const quorum::Roster& roster, const Pin& pin);
/// The same of every subset of `threshold` shares, of a PIN that is not the user's.
void require_every_subset(const std::vector<Share>& shares, const quorum::Roster& roster, const Pin& pin,
                          std::uint64_t threshold);

/// The same of every subset of the roster's threshold, of a 256-bit key.
void require_every_subset(const std::vector<Share>& shares, const quorum::Roster& roster, const SymmetricKey& key);

/// Seals each share to its officer's share key: the roster's dealing of this number, not signed yet. The roster must be
/// complete but for its signatures, because shares are bound to its digest.
[[nodiscard]] quorum::Dealing seal_shares(const quorum::Roster& roster, std::uint64_t number,
                                          const std::vector<Share>& shares, Botan::RandomNumberGenerator& rng);

/// Finds the roster's token, by serial number too, without logging in: Error{denied} when it is another one.
[[nodiscard]] Token find_guarded(const TokenAddress& address, const quorum::Roster& roster);

}  // namespace lamp::hsm
