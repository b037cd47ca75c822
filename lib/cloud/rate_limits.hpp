// How often callers may ask, by who they are: a device by its certificate, a station by its own, all others by address.
#pragma once

#include <optional>

#include "lib/cloud/rate_limit.hpp"
#include "lib/cloud/router.hpp"

namespace lamp::cloud {

struct RateLimits {
  RateLimiter devices{{.at_once = 20, .one_each = std::chrono::seconds{3}}};
  RateLimiter stations{{.at_once = 200, .one_each = std::chrono::milliseconds{50}}};
  RateLimiter strangers{{.at_once = 200, .one_each = std::chrono::milliseconds{20}}};

  /// 429 with Retry-After when the caller has asked too often, else nothing.
  [[nodiscard]] std::optional<Reply> refusal(const Request& request);
};

}  // namespace lamp::cloud
