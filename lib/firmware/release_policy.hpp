// What is asked of a release before a key is touched: policy/release.yaml, lamp-request(5).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "lib/base/error.hpp"

namespace lamp::firmware {

struct ReleasePolicy {
  std::uint64_t factory_sequence = 1;
  std::uint64_t factory_epoch = 1;
  std::uint64_t epoch_step = 1;
  std::chrono::days approval_lifetime{7};

  /// Throws Error{bad_input} with file, line and column.
  [[nodiscard]] static ReleasePolicy load(const std::filesystem::path& file);
};

/// A model's releases so far.
struct ModelHistory {
  std::uint64_t requested_sequence = 0;  ///< highest sequence number given to a request, sealed or not
  std::uint64_t released_sequence = 0;   ///< highest sealed
  std::uint64_t released_epoch = 0;      ///< highest sealed
};

/// The sequence number that the next request gets.
[[nodiscard]] std::uint64_t next_sequence(const ReleasePolicy& policy, const ModelHistory& history);

/// Why a release of this sequence number and epoch may not be made now. Asked when it is requested and again when it is
/// sealed, because another may have been sealed in between.
[[nodiscard]] Verdict check_order(const ReleasePolicy& policy, const ModelHistory& history, std::uint64_t sequence,
                                  std::uint64_t epoch);

}  // namespace lamp::firmware
