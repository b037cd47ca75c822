// What a token really does, found by trying it with throw-away keys: mechanism lists and attributes are claims.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lamp::hsm {

enum class Outcome {
  works,    ///< does what is asked, or refuses what must be refused
  missing,  ///< cannot do it, or cannot be relied upon for it; what needs it will not run on this token
  unsafe,   ///< does what must be refused, or gives a wrong result
  note,     ///< a fact to know, neither good nor bad
};
[[nodiscard]] std::string_view text(Outcome outcome) noexcept;

struct Finding {
  std::string name;  ///< short and fixed, such as "ecdsa-p256": for programs
  std::string what;
  Outcome outcome = Outcome::missing;
  std::string detail;
};

[[nodiscard]] bool works(const std::vector<Finding>& findings, std::string_view name);

}  // namespace lamp::hsm
