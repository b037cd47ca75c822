// An officer's approval of exact bytes: a detached COSE_Sign1 whose protected header adds nonce, expiry and roster
// epoch.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/quorum/roster.hpp"

namespace Botan {
class Private_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::quorum {

/// What an approval is for: the COSE external_aad. Approvals for one purpose are worthless for another.
inline constexpr std::string_view kOrderContext = "lamp-order-v1";
inline constexpr std::string_view kPlanContext = "lamp-plan-v1";
inline constexpr std::string_view kReleaseContext = "";  ///< SUIT fixes it to be empty; the payload is a SUIT_Digest

/// Private-use header labels in approvals.
inline constexpr std::int64_t kNonceHeader = -70001;
inline constexpr std::int64_t kExpiryHeader = -70002;  ///< Unix seconds
inline constexpr std::int64_t kRosterEpochHeader = -70003;
inline constexpr std::int64_t kBindingHeader = -70004;  ///< optional: SHA-256 of what else the approval is tied to

/// Signs `payload` as an officer. The key must be that of a certificate in the roster: Error{denied}.
/// `binding`, when not empty, ties the approval to one occasion as well, such as a release request's session key.
[[nodiscard]] Bytes approve(const Botan::Private_Key& key, const Roster& roster, ByteView payload,
                            std::string_view context, Instant expires, Botan::RandomNumberGenerator& rng,
                            ByteView binding = {});

struct Tally {
  std::vector<std::string> approved;    ///< distinct officers with a valid approval
  std::vector<std::string> missing;     ///< officers of the roster without one
  std::vector<std::string> objections;  ///< what was wrong with approvals that do not count
  [[nodiscard]] bool reaches(std::uint64_t threshold) const noexcept { return approved.size() >= threshold; }
};

/// Counts approvals by distinct officers of the roster over exactly `payload`, not expired, for this roster's epoch.
/// An approval that does not count is an objection, not a failure. A `binding` that is not empty must be in each.
[[nodiscard]] Tally tally(const std::vector<Bytes>& approvals, const Roster& roster, ByteView payload,
                          std::string_view context, Instant now, ByteView binding = {});

/// "missing one of officer-2, officer-3", or "missing officer-3" when there is no choice.
[[nodiscard]] std::string describe_missing(const Tally& tally, std::uint64_t threshold);

}  // namespace lamp::quorum
