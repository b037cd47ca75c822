// What every file of the tree must keep to, line by line. Paths are below the project's root.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lamp::lint {

/// What an include line names: `lib/base/bytes.hpp` in quotes, `vector` in angle brackets.
struct Include {
  std::string_view path;
  bool is_ours = false;
};
[[nodiscard]] std::optional<Include> include_of(std::string_view line);

/// Why `file` must not include our header `header`; nothing when it may.
[[nodiscard]] std::optional<std::string> wrong_arrow(std::string_view file, std::string_view header);
/// Why `file` must not include the foreign header `header`.
[[nodiscard]] std::optional<std::string> away_from_home(std::string_view file, std::string_view header);
/// A column type that SQLite takes and PostgreSQL does not: binary columns are BYTEA, in one SQL text for both.
[[nodiscard]] std::optional<std::string> foreign_column(std::string_view line);
/// What must not stay in a line: marks of unfinished work, paths of one machine, silenced warnings without a reason.
[[nodiscard]] std::optional<std::string> unfinished(std::string_view line);

}  // namespace lamp::lint
