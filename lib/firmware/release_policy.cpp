#include "lib/firmware/release_policy.hpp"

#include <algorithm>

#include "lib/config/yaml.hpp"

namespace lamp::firmware {
namespace {

constexpr std::uint64_t kMost = 1ULL << 32;

}  // namespace

ReleasePolicy ReleasePolicy::load(const std::filesystem::path& file) {
  const auto root = config::Node::load(file);
  root.only({"factory-sequence", "factory-epoch", "epoch-step", "approval-days"});
  ReleasePolicy policy;
  policy.factory_sequence = root.at("factory-sequence").number(0, kMost);
  policy.factory_epoch = root.at("factory-epoch").number(0, kMost);
  policy.epoch_step = root.at("epoch-step").number(0, kMost);
  policy.approval_lifetime = std::chrono::days{root.at("approval-days").number(1, 365)};
  return policy;
}

std::uint64_t next_sequence(const ReleasePolicy& policy, const ModelHistory& history) {
  return std::max(policy.factory_sequence, history.requested_sequence) + 1;
}

Verdict check_order(const ReleasePolicy& policy, const ModelHistory& history, std::uint64_t sequence,
                    std::uint64_t epoch) {
  Verdict verdict;
  const std::uint64_t newest = std::max(policy.factory_sequence, history.released_sequence);
  if (sequence <= newest)
    verdict.objections.push_back("sequence number " + std::to_string(sequence) + " is not above " +
                                 std::to_string(newest) + ", which was released; request it again as a new version");
  const std::uint64_t floor = std::max(policy.factory_epoch, history.released_epoch);
  if (epoch < floor)
    verdict.objections.push_back("epoch " + std::to_string(epoch) + " is below the model's epoch " +
                                 std::to_string(floor) + "; devices would refuse it");
  if (epoch > floor && epoch - floor > policy.epoch_step)
    verdict.objections.push_back("epoch " + std::to_string(epoch) + " is more than " +
                                 std::to_string(policy.epoch_step) + " above the model's epoch " +
                                 std::to_string(floor) + "; policy/release.yaml allows no greater step");
  return verdict;
}

}  // namespace lamp::firmware
