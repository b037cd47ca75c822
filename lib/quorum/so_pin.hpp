// How a guarded token's SO PIN is kept, for the day on which its user PIN is locked: quorum/<name>.so.yaml,
// lamp-quorum(5). Either dealt out to the officers, of whom one more than for the PIN is needed, or sealed to the key
// of a recovery card. There is no such file when nobody has it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"
#include "lib/crypto/seal.hpp"
#include "lib/quorum/dealing.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::quorum {

struct SoPin {
  std::string quorum;
  Bytes roster_digest;
  std::uint64_t threshold = 0;     ///< how many shares it takes; 0 when it is sealed to a recovery key
  std::vector<DealtShare> shares;  ///< in the roster's order
  Bytes recovery_point;            ///< P-256, 65 bytes; empty when it is dealt
  Bytes recovery_box;              ///< crypto::seal to it, in recovery_context
  Bytes signature;                 ///< COSE_Sign1 by the custody key over canonical()

  [[nodiscard]] bool dealt() const noexcept { return threshold != 0; }
  /// Throws as Dealing::load.
  [[nodiscard]] static SoPin load(const std::filesystem::path& file, const Roster& roster);
  /// Form only.
  [[nodiscard]] static SoPin parse(std::string_view text, const std::string& name);
  [[nodiscard]] std::string yaml() const;
  [[nodiscard]] Bytes canonical() const;
  void sign(const Botan::Private_Key& custody_key, Botan::RandomNumberGenerator& rng);
  [[nodiscard]] const DealtShare& of(const std::string& officer) const;  ///< Error{not_found}
};

/// quorum/<name>.so.yaml below a site's folder.
[[nodiscard]] std::filesystem::path so_pin_file(const std::filesystem::path& site, const std::string& quorum);

/// One officer more than opens the token, so that the officers who can release cannot also reset its PIN.
[[nodiscard]] inline std::uint64_t so_threshold(const Roster& roster) noexcept { return roster.threshold + 1; }
/// Whether it can be dealt so that a lost card loses nothing.
[[nodiscard]] inline bool so_pin_can_be_dealt(const Roster& roster) noexcept {
  return so_threshold(roster) < roster.officers.size();
}

/// What a share of the SO PIN is bound to; never equal to the context of a share of the PIN.
[[nodiscard]] Bytes so_share_context(const Roster& roster, std::uint64_t threshold, const Officer& officer);
/// What it is bound to on its way to the host that replaces officers: the digest of the act, and the officer.
[[nodiscard]] Bytes act_so_share_context(ByteView act_digest, const std::string& officer);
/// What the recovery card's box is bound to: the token and its custody key. Not the roster, so that the card stays good
/// when officers change.
[[nodiscard]] Bytes recovery_context(const Roster& roster);

/// Seals each share to its officer: not signed yet. The roster must be complete but for its signatures.
[[nodiscard]] SoPin seal_so_shares(const Roster& roster, const std::vector<Share>& shares,
                                   Botan::RandomNumberGenerator& rng);
/// Throws Error{denied} when a recovery card's key is an officer's, who would then have the token alone.
void require_nobodys_key(const Roster& roster, ByteView point);
/// Seals it to a recovery card's key, which is nobody's: not signed yet.
[[nodiscard]] SoPin seal_to_recovery(const Roster& roster, const Pin& so_pin, ByteView point,
                                     Botan::RandomNumberGenerator& rng);
/// What a recovery card does. Throws Error{denied} when it is another card.
[[nodiscard]] Pin open_recovery(const Roster& roster, const SoPin& kept, crypto::AgreementKey& card);
/// The recovery card's box under the next roster: not signed yet.
[[nodiscard]] SoPin carry_over(const SoPin& kept, const Roster& next);

/// Opens an officer's share as it lies in the file.
[[nodiscard]] Share open_so_share(const Roster& roster, const SoPin& kept, const Officer& officer,
                                  crypto::AgreementKey& share_key);
/// An officer's step when officers are replaced: their share leaves the file's box for one that only the session key of
/// this act opens.
[[nodiscard]] Bytes hand_over_so_share(const Roster& roster, const SoPin& kept, const Officer& officer,
                                       crypto::AgreementKey& share_key, ByteView session_point, ByteView act_digest,
                                       Botan::RandomNumberGenerator& rng);

}  // namespace lamp::quorum
