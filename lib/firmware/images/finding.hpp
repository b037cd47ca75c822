// What a reader of an image file objects to: which rule, and at which byte of the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.hpp"

namespace lamp::firmware {

struct Finding {
  std::uint64_t offset = 0;
  std::string rule;  ///< what is wrong, in words
  [[nodiscard]] std::string text() const { return "byte " + std::to_string(offset) + ": " + rule; }
};
using Findings = std::vector<Finding>;

/// A file's structure, or why it has none. Both when there are objections that did not end the reading.
template <class T>
struct [[nodiscard]] Reading {
  std::optional<T> value;
  Findings findings;
  [[nodiscard]] bool good() const noexcept { return value.has_value() && findings.empty(); }
};

/// Where a reader's rules are written down, one call each, joined by &&.
class Rules {
 public:
  /// Notes the rule when it does not hold, and says whether it does.
  bool hold(bool holds, std::uint64_t offset, const char* rule) {
    if (!holds) findings.push_back({offset, rule});
    return holds;
  }
  Findings findings;
};

}  // namespace lamp::firmware
