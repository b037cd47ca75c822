#include "lib/rollout/gate.hpp"

#include <algorithm>

namespace lamp::rollout {

Judgement judge(const Gate& gate, const WaveCounts& counts) {
  const auto failures = counts.failed - std::min(counts.forgiven, counts.failed);
  if (failures > gate.most_failures)
    return {GateAnswer::fail, std::to_string(failures) + " failed, " + std::to_string(gate.most_failures) + " may"};
  const auto counted = counts.devices() - std::min(counts.forgiven, counts.failed);
  const auto needed = (counted * gate.proven_percent + 99) / 100;
  if (counts.proven >= needed) return {GateAnswer::pass, {}};
  if (counts.open() != 0) return {GateAnswer::wait, {}};
  return {GateAnswer::fail, std::to_string(counts.proven) + " of " + std::to_string(counted) + " proven, " +
                                std::to_string(needed) + " must be"};
}

}  // namespace lamp::rollout
