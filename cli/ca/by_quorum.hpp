// Verbs of lamp-ca whose signing key is in a quorum's token.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "cli/quorum_act.hpp"

namespace lamp::cli {

/// A key in a token that a quorum guards.
struct GuardedKey {
  std::string quorum;
  std::string token;  ///< its name in site.yaml
  std::string whose;  ///< for messages, such as "authority root"
};
[[nodiscard]] GuardedKey key_of_authority(const config::Site& site, const std::string& quorum,
                                          const std::string& authority);

/// Does `work` with the quorum's token open, when enough officers have approved the act; else asks for their approvals.
/// Throws Error{denied} when the key is in another token. A run that was cut short does `work` once more unless the PIN
/// was renewed after it. Where `json` is given, `work` prints its own; an object says whether the act is done when
/// `work` was not called.
[[nodiscard]] Exit by_quorum(Host& host, const GuardedKey& key, const ActRequest& request,
                             const std::function<void()>& work, std::ostream* json = nullptr);

}  // namespace lamp::cli
