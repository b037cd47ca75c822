// How a rollout proceeds: lamp-rollout-policy(5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/rollout/gate.hpp"

namespace lamp::rollout {

/// How many of a plan's devices a wave takes.
struct Share {
  enum class Kind { devices, percent, rest };
  Kind kind = Kind::rest;
  std::uint64_t number = 0;

  /// "5", "10%" of all devices of the plan (rounded up), or "rest". Throws Error{bad_input}.
  [[nodiscard]] static Share parse(std::string_view text);
  /// How many of the `left` that no earlier wave took, of `all`.
  [[nodiscard]] std::size_t of(std::size_t all, std::size_t left) const;
};

struct WaveRule {
  std::string name;
  Share share;
  Gate gate;
};

struct Policy {
  std::string name;
  std::uint64_t approvals = 1;
  std::vector<WaveRule> waves;  ///< the last one takes the rest, and only it

  /// The policy's name is the file's. Throws Error{bad_input} with file, line and column.
  [[nodiscard]] static Policy load(const std::filesystem::path& file);
};

}  // namespace lamp::rollout
