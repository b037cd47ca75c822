// A tool's man page names every option and verb that the program has, and no other.
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "cli/audit/tool.hpp"
#include "cli/bind/tool.hpp"
#include "cli/ca/tool.hpp"
#include "cli/cloud/tool.hpp"
#include "cli/factory/tool.hpp"
#include "cli/hsm/tool.hpp"
#include "cli/lamp/tool.hpp"
#include "cli/ota/tool.hpp"
#include "cli/sign/tool.hpp"
#include "cli/sim/tool.hpp"
#include "lib/base/file.hpp"
#include "tests/support/run_tool.hpp"

namespace lamp::cli {
namespace {

struct Page {
  const char* tool;
  std::function<Tool()> make;
};
void PrintTo(const Page& p, std::ostream* os) { *os << p.tool; }

std::string page_text(const std::string& tool) {
  return read_text_file(std::string{LAMP_SOURCE_DIR "/man/"} + tool + ".1");
}

/// "--model" for each "Fl -model" in the heads of the page's option lists.
std::set<std::string> options_documented(const std::string& text) {
  static const std::regex option{R"(Fl -([a-z][a-z0-9-]*))"};
  std::set<std::string> names;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(".It ", 0) != 0) continue;
    for (std::sregex_iterator at{line.begin(), line.end(), option}, end; at != end; ++at)
      names.insert("--" + (*at)[1].str());
  }
  return names;
}

std::set<std::string> headings(const std::string& text) {
  std::set<std::string> names;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    if (line.rfind(".Ss ", 0) == 0) names.insert(line.substr(4));
  return names;
}

class ManPage : public testing::TestWithParam<Page> {};

TEST_P(ManPage, NamesEveryOptionAndNoOther) {
  const auto options = GetParam().make().long_options();
  EXPECT_THAT(options_documented(page_text(GetParam().tool)), testing::UnorderedElementsAreArray(options));
}

TEST_P(ManPage, HasAHeadingForEveryVerb) {
  const auto verbs = GetParam().make().verbs();
  EXPECT_THAT(headings(page_text(GetParam().tool)), testing::IsSupersetOf(verbs));
}

TEST_P(ManPage, HelpFitsATerminalAndGoesToStandardOutput) {
  const auto ran = test::run_tool(GetParam().make(), {"--help"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.out, testing::HasSubstr("--site"));
  EXPECT_EQ(ran.err, "");
}

TEST_P(ManPage, AnUnknownOptionIsAUsageError) {
  const auto ran = test::run_tool(GetParam().make(), {"--no-such-option"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
}

INSTANTIATE_TEST_SUITE_P(Tools, ManPage,
                         testing::Values(Page{"lamp", make_lamp_tool}, Page{"lamp-audit", make_audit_tool},
                                         Page{"lamp-bind", make_bind_tool}, Page{"lamp-ca", make_ca_tool},
                                         Page{"lamp-cloud", make_cloud_tool}, Page{"lamp-factory", make_factory_tool},
                                         Page{"lamp-hsm", make_hsm_tool}, Page{"lamp-ota", make_ota_tool},
                                         Page{"lamp-sign", make_sign_tool}, Page{"lamp-sim", make_sim_tool}),
                         [](const auto& of) {
                           std::string name{of.param.tool};
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace lamp::cli
