// Keys that a verb makes: the token policy is asked first, and its attestation is recorded with the key.
#pragma once

#include <string>

#include "cli/host.hpp"
#include "hsm/token.hpp"

namespace lamp::cli {

struct NewKey {
  std::string token, label;  ///< names in site.yaml, in the token
  hsm::KeyKind kind;
  hsm::KeyUse use;
  std::string role;  ///< hsm/token_policy.hpp
};

/// What policy/tokens.yaml attests of the token for this role, for audit records. Error{denied} when the token may not.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> attest_token(Host& host, const hsm::TokenInfo& token,
                                                                            const std::string& role);

/// Makes the key in the token, logged in, and gives the event to record. Nothing is made that the policy refuses.
[[nodiscard]] audit::Event make_key(Host& host, const NewKey& key);

}  // namespace lamp::cli
