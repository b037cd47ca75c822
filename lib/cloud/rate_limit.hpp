// How often each of many may ask: so many at once, then one in a while. Thread-safe; memory is bounded.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace lamp::cloud {

class RateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Rule {
    unsigned at_once = 1;
    std::chrono::milliseconds one_each{1000};  ///< how long until one more is allowed
  };
  /// Keeps track of `most` askers; what is beyond them shares one allowance until others have been quiet.
  explicit RateLimiter(Rule rule, std::size_t most = 65536) : rule_{rule}, most_{most} {}

  /// Counts one request. Nothing when it may go on, else how long to wait: at least a second.
  [[nodiscard]] std::optional<std::chrono::seconds> take(const std::string& who,
                                                         Time now = std::chrono::steady_clock::now());
  [[nodiscard]] std::size_t size() const;

 private:
  Time& entry(const std::string& who, Time now);

  const Rule rule_;
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Time> used_until_;  ///< when all that was taken will have been given back
  Time next_sweep_{};
};

}  // namespace lamp::cloud
