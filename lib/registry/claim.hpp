// Claiming: a device comes to a project because somebody read its label. Every refusal is the same.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/clock.hpp"
#include "lib/base/parse.hpp"
#include "lib/binding/claim.hpp"
#include "lib/registry/device.hpp"
#include "lib/store/database.hpp"

namespace lamp::registry {

/// Refused claims that one user may have in a minute.
inline constexpr std::int64_t kRefusedClaimsPerMinute = 10;

enum class ClaimAnswer {
  claimed,
  refused,     ///< wrong code, unknown, revoked, or somebody else's: not told apart, also not by the time it takes
  no_project,  ///< not one of the user's projects
  slow_down,   ///< too many refusals within a minute; nothing was looked at
};

struct ClaimResult {
  ClaimAnswer answer = ClaimAnswer::refused;
  std::string serial, model;  ///< when claimed
  bool first_time = false;    ///< false when the project had it already and the code was right
};

[[nodiscard]] ClaimResult claim(store::Transaction& transaction, MacAddress mac, const binding::ClaimCode& code,
                                std::string_view project, std::string_view user, Instant now);

}  // namespace lamp::registry
