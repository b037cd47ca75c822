#include "tests/lint/tree.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace lamp::lint {
namespace {

namespace fs = std::filesystem;

bool is_code(const fs::path& path) { return path.extension() == ".cpp" || path.extension() == ".hpp"; }

bool is_text(const fs::path& path) {
  const auto name = path.filename().string();
  const auto is_page = name.size() > 2 && name[name.size() - 2] == '.' && name.back() >= '1' && name.back() <= '8';
  const auto extension = path.extension();
  return is_code(path) || is_page || extension == ".txt" || extension == ".sh" || extension == ".yaml" ||
         extension == ".md";
}

SourceFile read(const fs::path& root, const fs::path& path) {
  SourceFile file{path.lexically_relative(root).generic_string(), {}};
  std::ifstream in{path};
  for (std::string line; std::getline(in, line);) file.lines.push_back(line);
  return file;
}

std::vector<SourceFile> read_files(std::initializer_list<std::string_view> places, bool (*is_wanted)(const fs::path&)) {
  const fs::path root{LAMP_SOURCE_DIR};
  std::vector<SourceFile> files;
  for (const auto place : places) {
    const auto top = root / place;
    if (fs::is_regular_file(top)) files.push_back(read(root, top));
    if (!fs::is_directory(top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator{top})
      if (entry.is_regular_file() && is_wanted(entry.path())) files.push_back(read(root, entry.path()));
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

}  // namespace

std::vector<SourceFile> read_tree(std::initializer_list<std::string_view> places) {
  return read_files(places, is_text);
}

std::vector<SourceFile> read_code(std::initializer_list<std::string_view> places) {
  return read_files(places, is_code);
}

std::vector<std::string> objections(
    const std::vector<SourceFile>& files,
    const std::function<std::optional<std::string>(const SourceFile&, const std::string& line)>& judge) {
  std::vector<std::string> found;
  for (const auto& file : files)
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      if (const auto why = judge(file, file.lines[i]))
        found.push_back(file.path + ":" + std::to_string(i + 1) + ": " + *why);
  return found;
}

}  // namespace lamp::lint
