#include <gmock/gmock.h>

#include "cli/command.hpp"
#include "lib/base/error.hpp"
#include "tests/support/run_tool.hpp"

namespace lamp::cli {
namespace {

struct GreetOptions {
  std::string name;
  std::vector<std::string> tags;
  std::uint64_t times = 1;
};

void declare(Arguments& arguments, GreetOptions& o) {
  arguments.positional("name", o.name, "Whom");
  arguments.option("--tag", o.tags, "Repeatable");
  arguments.option("--times", o.times, "How often");
}

Exit greet(const GreetOptions& o, World& world) {
  if (o.name == "denied") throw Error{Errc::denied, "policy says no"};
  if (o.name == "absent") throw Error{Errc::not_found, "no such person"};
  for (std::uint64_t i = 0; i < o.times; ++i) world.out << o.name << ' ';
  for (const auto& tag : o.tags) world.out << '#' << tag;
  return Exit::ok;
}

Tool make_tool() {
  Tool tool{"lamp-test", "A tool for tests"};
  tool.verb<GreetOptions>("greet", "Greet somebody", declare, greet);
  tool.verb<GreetOptions>("group greet", "Greet a group", declare, greet);
  return tool;
}

struct Case {
  const char* name;
  std::vector<std::string> argv;
  int exit;
  const char* out;
  const char* err;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class ToolRun : public testing::TestWithParam<Case> {};

TEST_P(ToolRun, ExitsAndExplains) {
  const auto ran = test::run_tool(make_tool(), GetParam().argv);
  EXPECT_EQ(ran.exit, GetParam().exit) << ran.err;
  EXPECT_THAT(ran.out, testing::HasSubstr(GetParam().out));
  EXPECT_THAT(ran.err, testing::HasSubstr(GetParam().err));
}

INSTANTIATE_TEST_SUITE_P(
    Exits, ToolRun,
    testing::Values(Case{"Done", {"greet", "you"}, 0, "you", ""},
                    Case{"TwoWords", {"group", "greet", "all", "--times", "2"}, 0, "all all", ""},
                    Case{"ListsDoNotSwallow", {"greet", "--tag", "a", "--tag", "b", "you"}, 0, "you #a#b", ""},
                    Case{"Help", {"--help"}, 0, "greet", ""}, Case{"VerbHelp", {"greet", "--help"}, 0, "--tag", ""},
                    Case{"NoVerb", {}, 2, "", "lamp-test: error: "}, Case{"Typo", {"gret"}, 2, "", "gret"},
                    Case{"UnknownOption", {"greet", "you", "--tog"}, 2, "", "--tog"},
                    Case{"MissingPositional", {"greet"}, 2, "", "name is required"},
                    Case{"Refused", {"greet", "denied"}, 1, "", "lamp-test: refused: policy says no"},
                    Case{"Failed", {"greet", "absent"}, 3, "", "lamp-test: error: no such person"}),
    [](const auto& of) { return of.param.name; });

TEST(Tool, ComplainsInOneLine) {
  const auto ran = test::run_tool(make_tool(), {"greet"});
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
}

TEST(Tool, ListsItsOptionsAndVerbs) {
  EXPECT_THAT(make_tool().long_options(), testing::IsSupersetOf({"--site", "--tag", "--times"}));
  EXPECT_THAT(make_tool().verbs(), testing::ElementsAre("greet", "group greet"));
}

}  // namespace
}  // namespace lamp::cli
