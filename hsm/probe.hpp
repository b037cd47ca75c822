// What a token really does, found by trying it with throw-away session keys: mechanism lists and attributes are claims.
#pragma once

#include <string>

namespace lamp::hsm {

enum class Outcome {
  works,    ///< does what is asked, or refuses what must be refused
  missing,  ///< cannot do it; what needs it will not run on this token
  unsafe,   ///< does what must be refused
};

struct Finding {
  std::string what;
  Outcome outcome = Outcome::missing;
  std::string detail;
};

}  // namespace lamp::hsm
