// hawkBit's Direct Device Integration as its clients really send it: JSON with raw line feeds inside strings,
// identifiers that are numbers, strings or empty. lib/cloud/ddi.cpp has the endpoints.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/rollout/executor.hpp"

namespace lamp::cloud {

/// The text with control characters inside JSON strings escaped: swupdate sends its log lines as they are.
[[nodiscard]] std::string escape_control_characters(std::string_view json);

struct DdiFeedback {
  rollout::Feedback feedback;
  std::string detail;  ///< one line, at most 1,000 characters
};
/// Throws Error{bad_input} when there is no status in it.
[[nodiscard]] DdiFeedback read_feedback(std::string_view body);

/// The version that the device says it runs (data.version), if it says one. Throws Error{bad_input}.
[[nodiscard]] std::optional<std::string> read_config_version(std::string_view body);

}  // namespace lamp::cloud
