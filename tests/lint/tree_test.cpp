#include "tests/lint/tree.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/lint/rules.hpp"

namespace lamp::lint {
namespace {

using testing::IsEmpty;

constexpr std::size_t kLongestFile = 400;
constexpr const char* kAllowList = "tests/lint/expose_secret.allow";

TEST(Tree, IncludesNothingFromAnUpperLayer) {
  const auto code = read_code({"lib", "hsm", "manufacturing", "cli", "tests"});
  ASSERT_FALSE(code.empty());
  EXPECT_THAT(objections(code,
                         [](const SourceFile& file, const std::string& line) -> std::optional<std::string> {
                           const auto include = include_of(line);
                           if (!include) return std::nullopt;
                           return include->is_ours ? wrong_arrow(file.path, include->path)
                                                   : away_from_home(file.path, include->path);
                         }),
              IsEmpty());
}

TEST(Tree, WritesOneSqlForBothDatabases) {
  EXPECT_THAT(objections(read_code({"lib", "hsm", "manufacturing", "cli"}),
                         [](const SourceFile&, const std::string& line) { return foreign_column(line); }),
              IsEmpty());
}

TEST(Tree, HasNoTracesOfUnfinishedWork) {
  const auto files =
      read_tree({"lib", "hsm", "manufacturing", "cli", "tests", "man", "templates", "README.md", "CHANGELOG.md",
                 "SECURITY.md", "CMakeLists.txt", "deps.sh", "check.sh", "quickstart.sh"});
  EXPECT_THAT(objections(files,
                         [](const SourceFile& file, const std::string& line) {
                           // The test of the rule quotes what it forbids.
                           return file.path == "tests/lint/rules_test.cpp" ? std::nullopt : unfinished(line);
                         }),
              IsEmpty());
}

TEST(Tree, HasNoLongFile) {
  std::vector<std::string> too_long;
  for (const auto& file : read_code({"lib", "hsm", "manufacturing", "cli", "tests"}))
    if (file.lines.size() > kLongestFile) too_long.push_back(file.path + ": " + std::to_string(file.lines.size()));
  EXPECT_THAT(too_long, IsEmpty()) << "split at " << kLongestFile << " lines";
}

bool calls_expose_secret(const SourceFile& file) {
  return std::any_of(file.lines.begin(), file.lines.end(),
                     [](const std::string& line) { return line.find("expose_secret(") != std::string::npos; });
}

TEST(Tree, ExposesSecretsWhereTheListSaysAndNowhereElse) {
  std::vector<std::string> callers;
  for (const auto& file : read_code({"lib", "hsm", "manufacturing", "cli", "tests"}))
    if (file.path != "lib/base/secret.hpp" && !file.path.starts_with("tests/lint/") && calls_expose_secret(file))
      callers.push_back(file.path);
  const auto allowed = read_tree({kAllowList});
  ASSERT_EQ(allowed.size(), 1U) << kAllowList << " is absent";
  EXPECT_TRUE(std::is_sorted(allowed[0].lines.begin(), allowed[0].lines.end())) << kAllowList << " is not sorted";
  EXPECT_EQ(allowed[0].lines, callers) << "left: " << kAllowList << "; right: who calls expose_secret()";
}

}  // namespace
}  // namespace lamp::lint
