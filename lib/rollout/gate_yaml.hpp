// A gate in a YAML file, for policies and plans alike.
#pragma once

#include "lib/config/yaml.hpp"
#include "lib/rollout/gate.hpp"

namespace lamp::rollout {

/// Throws Error{bad_input} with file, line and column.
[[nodiscard]] Gate read_gate(const config::Node& node);
void write_gate(config::YamlWriter& yaml, const Gate& gate);

inline constexpr std::uint64_t kMostDevices = 1'000'000;
inline constexpr std::uint64_t kMostWaves = 100;
inline constexpr std::uint64_t kLongestSoak = 90ULL * 24 * 3600;
inline constexpr std::uint64_t kMostApprovals = 16;

}  // namespace lamp::rollout
