#include "cli/ca/values.hpp"

#include "cli/usage.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {

pki::Subject values_of(const config::Site& site, const std::string& name, const std::vector<std::string>& given) {
  pki::Subject values;
  if (!name.empty()) values["name"] = name;
  for (const auto& one : given) {
    const auto equals = one.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UsageError{"--value '" + one + "' is not like serial=SL-26-000001"};
    if (!values.emplace(one.substr(0, equals), one.substr(equals + 1)).second)
      throw UsageError{"--value gives '" + one.substr(0, equals) + "' twice"};
  }
  values.emplace("site", site.name);
  return values;
}

}  // namespace lamp::cli
