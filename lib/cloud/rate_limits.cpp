#include "lib/cloud/rate_limits.hpp"

namespace lamp::cloud {

std::optional<Reply> RateLimits::refusal(const Request& request) {
  const auto& caller = request.caller;
  const auto name = caller.authority + "/" + caller.name;
  const auto wait = caller.role == Role::stranger  ? strangers.take(request.address)
                    : caller.role == Role::station ? stations.take(name)
                                                   : devices.take(name);
  if (!wait) return std::nullopt;
  return Reply{.status = 429,
               .content_type = "text/plain",
               .body = "too many requests\n",
               .file = std::nullopt,
               .headers = {{"Retry-After", std::to_string(wait->count())}}};
}

}  // namespace lamp::cloud
