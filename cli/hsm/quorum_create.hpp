// Making a quorum: for `quorum create` and for a rehearsal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "lib/quorum/dealing.hpp"

namespace lamp::cli {

struct CreateOptions {
  std::string name;
  std::uint64_t threshold = 0;
  std::vector<std::string> officers;
  bool no_release_key = false;
  bool hybrid = false;  ///< an ML-DSA key also when no model asks for it yet
  std::string recovery;
  bool for_stations = true;  ///< the models' keys are wrapped to stations; a rehearsal's go to nobody
};

/// One line about the ML-DSA key.
[[nodiscard]] std::string describe_hybrid_key(const quorum::Roster& roster, const quorum::DealtHybrid& dealt);

/// Token, roster, dealing and all that lamp-quorum(5) names, and the report of it.
Exit create_quorum(const CreateOptions& options, World& world);

}  // namespace lamp::cli
