#include "lib/config/yaml.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "lib/base/error.hpp"

namespace lamp::config {
namespace {

struct Case {
  const char* name;
  const char* text;
  std::function<void(const Node&)> read;
  const char* says;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class BadYaml : public testing::TestWithParam<Case> {};

TEST_P(BadYaml, IsRefusedWithItsPlace) {
  try {
    GetParam().read(Node::parse(GetParam().text, "f.yaml"));
    FAIL() << "it was accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::bad_input);
    EXPECT_THAT(e.what(), testing::HasSubstr(GetParam().says));
  }
}

const auto nothing = [](const Node&) {};

INSTANTIATE_TEST_SUITE_P(
    Yaml, BadYaml,
    testing::Values(Case{"Empty", "", nothing, "f.yaml: is empty"},
                    Case{"Syntax", "a: 1\nb: [1, 2\n", nothing, "f.yaml:3:1: not readable as YAML"},
                    Case{"RepeatedKey", "a: 1\nb:\n  c: 1\n  c: 2\n", nothing, "f.yaml:4:3: key 'c' stands here twice"},
                    Case{"TwoDocuments", "a: 1\n---\nb: 2\n", nothing, "several documents"},
                    Case{"CommaWhereADocumentBegins", "a: 1\n, b\n", nothing, "f.yaml"},
                    Case{"OnlyAComma", "\n, b\n", nothing, "f.yaml"},
                    Case{"MissingKey", "a: 1\n", [](const Node& n) { (void)n.at("b"); }, "f.yaml:1:1: 'b' is missing"},
                    Case{"UnknownKey", "a: 1\nbb: 2\n", [](const Node& n) { n.only({"a", "b"}); },
                         "f.yaml:2:5: 'bb' is not known here; known are: a, b"},
                    Case{"NumberOutOfRange", "a: 70000\n", [](const Node& n) { (void)n.at("a").number(1, 65535); },
                         "f.yaml:1:4: number: '70000' is not a number from 1 to 65535"},
                    Case{"NumberWithSign", "a: -1\n", [](const Node& n) { (void)n.at("a").number(0, 9); },
                         "f.yaml:1:4"},
                    Case{"YesIsNoBoolean", "a: yes\n", [](const Node& n) { (void)n.at("a").boolean(); },
                         "f.yaml:1:4: 'yes' is neither true nor false"},
                    Case{"MapForText", "a: {b: 1}\n", [](const Node& n) { (void)n.at("a").text(); },
                         "f.yaml:1:4: a text is expected, not a map"},
                    Case{"TextForList", "a: b\n", [](const Node& n) { (void)n.at("a").items(); },
                         "f.yaml:1:4: a list is expected, not a single value"}),
    [](const auto& of) { return of.param.name; });

TEST(Yaml, ReadsWhatTheWriterWrites) {
  YamlWriter writer;
  writer.begin_map().key("a").value("x: y # z").key("n").value(std::uint64_t{7}).key("on").value(true);
  writer.key("list").begin_list().value("1").value("two\nlines").end_list().end_map();
  const auto node = Node::parse(writer.text(), "written");
  EXPECT_EQ(node.at("a").text(), "x: y # z");
  EXPECT_EQ(node.at("n").number(0, 9), 7U);
  EXPECT_TRUE(node.at("on").boolean());
  EXPECT_THAT(node.at("list").texts(), testing::ElementsAre("1", "two\nlines"));
}

}  // namespace
}  // namespace lamp::config
