// Who has the SO PIN of a quorum's token: for `quorum create`, `replace` and `show`. lib/quorum/so_pin.hpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/host.hpp"
#include "cli/quorum_act.hpp"
#include "lib/quorum/so_pin.hpp"

namespace lamp::cli {

/// The P-256 key in a file that holds a certificate or a public key, PEM or DER: 65 bytes.
[[nodiscard]] Bytes read_recovery_point(const std::string& file);

/// Seals the SO PIN to the recovery key when there is one; else deals it to the officers, whose tokens must be here,
/// and tests every subset by their own keys; else nobody gets it: nullopt. Not signed yet.
[[nodiscard]] std::optional<quorum::SoPin> keep_so_pin(Host& host, const quorum::Roster& roster, const Pin& so_pin,
                                                       const std::optional<Bytes>& recovery_point);

/// How it is kept now; nullopt when nobody has it.
[[nodiscard]] std::optional<quorum::SoPin> load_so_pin(Host& host, const quorum::Roster& roster);

/// The same SO PIN for the officers of the next roster, from the shares that officers handed in for the act: not signed
/// yet. nullopt when nobody has it, or `next` has too few officers to deal it to.
[[nodiscard]] std::optional<quorum::SoPin> deal_so_pin_anew(Host& host, QuorumAct& act, const quorum::Roster& next);

/// One line that says who has it.
[[nodiscard]] std::string describe_so_pin(const std::optional<quorum::SoPin>& kept);

}  // namespace lamp::cli
