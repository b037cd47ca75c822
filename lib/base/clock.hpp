// Time: always UTC, always handed in.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace lamp {

using Instant = std::chrono::sys_seconds;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;  ///< UTC, whole seconds
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override;
};

class FixedClock final : public Clock {
 public:
  explicit FixedClock(Instant at) noexcept : at_{at} {}
  [[nodiscard]] Instant now() const override { return at_; }
  void advance(std::chrono::seconds by) noexcept { at_ += by; }

 private:
  Instant at_;
};

/// RFC 3339 in UTC with whole seconds: 2026-11-22T13:00:00Z.
[[nodiscard]] std::string format_instant(Instant at);
/// Reads exactly what format_instant writes. Throws Error{bad_input}.
[[nodiscard]] Instant parse_instant(std::string_view text);

[[nodiscard]] std::int64_t unix_seconds(Instant at) noexcept;
[[nodiscard]] Instant from_unix_seconds(std::int64_t seconds) noexcept;

}  // namespace lamp
