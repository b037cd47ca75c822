// Making a quorum: for `quorum create` and for a rehearsal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace lamp::cli {

struct CreateOptions {
  std::string name;
  std::uint64_t threshold = 0;
  std::vector<std::string> officers;
  bool no_release_key = false;
  std::string recovery;
  bool for_stations = true;  ///< the models' keys are wrapped to stations; a rehearsal's go to nobody
};

/// Token, roster, dealing and all that lamp-quorum(5) names, and the report of it.
Exit create_quorum(const CreateOptions& options, World& world);

}  // namespace lamp::cli
