// The project's files, as the lint tests read them.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lamp::lint {

struct SourceFile {
  std::string path;  ///< below the project's root
  std::vector<std::string> lines;
};

/// Text files below these folders, or these files themselves, by path.
[[nodiscard]] std::vector<SourceFile> read_tree(std::initializer_list<std::string_view> places);
/// C++ files only.
[[nodiscard]] std::vector<SourceFile> read_code(std::initializer_list<std::string_view> places);

/// "path:line: why" for every line that `judge` objects to.
[[nodiscard]] std::vector<std::string> objections(
    const std::vector<SourceFile>& files,
    const std::function<std::optional<std::string>(const SourceFile&, const std::string& line)>& judge);

}  // namespace lamp::lint
