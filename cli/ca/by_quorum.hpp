// Verbs of lamp-ca whose signing key is in a quorum's token.
#pragma once

#include <functional>
#include <string>

#include "cli/quorum_act.hpp"

namespace lamp::cli {

/// Does `work` with the quorum's token open, when enough officers have approved the act; else asks for their approvals.
/// Throws Error{denied} when the key of authority `signer` is in another token. A run that was cut short does `work`
/// once more unless the PIN was renewed after it.
[[nodiscard]] Exit by_quorum(Host& host, const std::string& quorum, const std::string& signer,
                             const ActRequest& request, const std::function<void()>& work);

}  // namespace lamp::cli
