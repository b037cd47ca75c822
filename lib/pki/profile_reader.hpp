// Pieces of reading a profile's YAML; for profile*.cpp only.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "lib/base/error.hpp"
#include "lib/config/yaml.hpp"
#include "lib/pki/profile.hpp"

namespace lamp::pki::reader {

/// Runs a check of ours and gives its complaint the place in the file.
template <class Check>
auto placed(const config::Node& node, Check&& check) {
  auto result = attempt(std::forward<Check>(check));
  if (const auto* error = std::get_if<Error>(&result)) node.refuse(error->what());
  return std::get<0>(std::move(result));
}

/// A text whose placeholders are single values.
[[nodiscard]] Template template_at(const config::Node& node);
/// The one entry of a map such as "CN: value".
[[nodiscard]] std::pair<std::string, config::Node> only_entry(const config::Node& node);

[[nodiscard]] std::vector<AlternativeName> read_alternative_names(const config::Node& node);
[[nodiscard]] NameConstraintRule read_name_constraints(const config::Node& node);
/// An http:// address or "none"; `why` says why it is not https.
[[nodiscard]] std::optional<std::string> read_url(const config::Node& node, std::string_view why);
/// Rules between the extensions of a profile that is read.
void check_extensions(const config::Node& root, const Profile& profile);

}  // namespace lamp::pki::reader
