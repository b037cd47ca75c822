// Which roster this host was told of: its digest, kept in the host's database by the act that made it. A roster file
// that was swapped for another, however well signed by its own custody key, does not match.
#pragma once

#include "lib/base/error.hpp"
#include "lib/quorum/roster.hpp"
#include "lib/store/database.hpp"

namespace lamp::quorum {

[[nodiscard]] const store::Schema& schema();

/// Makes the roster the known one of its name and epoch.
void remember(store::Transaction& transaction, const Roster& roster);

enum class Known {
  yes,
  never_seen,  ///< the host knows no roster of this name: an officer's or auditor's machine
};
/// Yes also when the host knows one of the roster's ancestors: officers of each roster since have signed the next one.
/// Throws Error{denied} when the host knows another roster of this name, or a newer epoch.
[[nodiscard]] Known recognise(store::Transaction& transaction, const Roster& roster);

}  // namespace lamp::quorum
