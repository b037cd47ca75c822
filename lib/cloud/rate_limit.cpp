#include "lib/cloud/rate_limit.hpp"

#include <algorithm>

namespace lamp::cloud {
namespace {

constexpr std::chrono::seconds kBetweenSweeps{1};

}  // namespace

RateLimiter::Time& RateLimiter::entry(const std::string& who, Time now) {
  const auto found = used_until_.find(who);
  if (found != used_until_.end()) return found->second;
  if (used_until_.size() >= most_ && now >= next_sweep_) {
    next_sweep_ = now + kBetweenSweeps;
    std::erase_if(used_until_, [&](const auto& one) { return one.second <= now; });
  }
  return used_until_[used_until_.size() < most_ ? who : std::string{}];
}

std::optional<std::chrono::seconds> RateLimiter::take(const std::string& who, Time now) {
  const std::lock_guard lock{mutex_};
  auto& until = entry(who, now);
  const auto after = std::max(until, now) + rule_.one_each;
  const auto excess = (after - now) - rule_.one_each * rule_.at_once;
  if (excess > std::chrono::steady_clock::duration::zero())
    return std::max(std::chrono::seconds{1}, std::chrono::ceil<std::chrono::seconds>(excess));
  until = after;
  return std::nullopt;
}

std::size_t RateLimiter::size() const {
  const std::lock_guard lock{mutex_};
  return used_until_.size();
}

}  // namespace lamp::cloud
