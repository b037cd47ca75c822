// A quorum's ML-DSA key dealt to its officers, and opened by their shares. lib/quorum/hybrid.hpp.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/secret.hpp"
#include "lib/quorum/contribution.hpp"
#include "lib/quorum/hybrid.hpp"

namespace lamp::hsm {

struct HybridDeal {
  Bytes box;  ///< the sealed key: quorum::publish_hybrid, before the dealing that names it
  quorum::DealtHybrid dealt;
};

/// Seals the key under a fresh 256-bit key and deals that to the roster's officers, after every subset was tried; what
/// was dealt of it before opens the new box no more.
[[nodiscard]] HybridDeal deal_hybrid_key(const Botan::Private_Key& key, const quorum::Roster& roster,
                                         std::uint64_t number, Botan::RandomNumberGenerator& rng);

/// Where officers' shares of the key are, and what they were handed in for.
struct HybridHandover {
  std::filesystem::path site;  ///< the folder in which quorum/ is
  const quorum::Roster& roster;
  const quorum::DealtHybrid& dealt;  ///< in the dealing that holds
  Bytes digest;                      ///< of the request or act
  crypto::AgreementKey& session_key;
  const std::vector<quorum::Contribution>& contributions;
  const std::vector<std::string>& approved;  ///< the officers whose approval counts
  std::string repeat;                        ///< what an officer runs to hand in a share again
};

/// The key, to be signed with or dealt anew and let go of at once. Throws Error{denied} naming who has to hand in a
/// share, or whose is bad.
[[nodiscard]] std::unique_ptr<Botan::Private_Key> combine_hybrid_key(const HybridHandover& handed_in);

/// As each officer will open theirs, when the quorum is made: every subset opens the box. Throws Error{denied} naming
/// officers.
void require_every_subset_opens(const quorum::Roster& roster, const HybridDeal& deal, const std::vector<Share>& opened);

}  // namespace lamp::hsm
