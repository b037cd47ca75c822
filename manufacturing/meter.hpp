// Where a device's time at the station goes: what it takes itself, what the token takes, what the station adds.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "manufacturing/fixture.hpp"

namespace lamp::manufacturing {

/// Of one device, from the moment that the station turned to it. `total` less the others is what the station computes.
struct Times {
  using Duration = std::chrono::steady_clock::duration;
  Duration device{};   ///< waiting for its answers, its flash, its restart
  Duration token{};    ///< waiting for signatures of the token, or for the line server
  Duration journal{};  ///< transactions, until they are durable
  Duration files{};    ///< certificate and label, until they are durable
  Duration opening{};  ///< finding the device on the bus and claiming it
  Duration total{};
  /// What the station itself adds.
  [[nodiscard]] Duration host() const noexcept { return total - device - token; }
};

/// Adds the time that it lives.
class Stopwatch {
 public:
  explicit Stopwatch(Times::Duration& into) noexcept : into_{into} {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() { into_ += std::chrono::steady_clock::now() - begin_; }

 private:
  Times::Duration& into_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// A bench for one device at a time, used by one thread: measures what the device takes, and remembers which one it
/// was. Non-owning.
class MeteredBench final : public Bench {
 public:
  MeteredBench(Bench& bench, Times& times) noexcept : bench_{bench}, times_{times} {}

  [[nodiscard]] std::vector<std::string> occupied_ports() override { return bench_.occupied_ports(); }
  [[nodiscard]] std::uint64_t arrival(const std::string& port) override { return bench_.arrival(port); }
  [[nodiscard]] Plug open(const std::string& port) override;
  void wait(std::chrono::milliseconds time) override;
  [[nodiscard]] std::uint64_t changes() override { return bench_.changes(); }
  std::chrono::milliseconds wait_for_change(std::uint64_t seen, std::chrono::milliseconds most) override;
  void wake() override { bench_.wake(); }

  /// The arrival of the device that was opened last.
  [[nodiscard]] std::uint64_t last_arrival() const noexcept { return last_arrival_; }

 private:
  Bench& bench_;
  Times& times_;
  std::uint64_t last_arrival_ = 0;
};

}  // namespace lamp::manufacturing
