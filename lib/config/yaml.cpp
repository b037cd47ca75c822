#include "lib/config/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"

namespace lamp::config {
namespace {

constexpr std::uint64_t kFileLimit = 4ULL << 20;

std::string place_of(const std::string& name, const YAML::Mark& mark) {
  if (mark.is_null()) return name;
  return name + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

/// yaml-cpp keeps the last of two equal keys; a reader sees the first.
void refuse_repeated_keys(const YAML::Node& node, const std::string& name, unsigned depth) {
  if (depth > 32) throw Error{Errc::bad_input, place_of(name, node.Mark()) + ": nested too deeply"};
  if (node.IsSequence()) {
    for (const auto& item : node) refuse_repeated_keys(item, name, depth + 1);
  } else if (node.IsMap()) {
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar())
        throw Error{Errc::bad_input, place_of(name, entry.first.Mark()) + ": a key must be plain text"};
      if (!seen.insert(entry.first.Scalar()).second)
        throw Error{Errc::bad_input,
                    place_of(name, entry.first.Mark()) + ": key '" + entry.first.Scalar() + "' stands here twice"};
      refuse_repeated_keys(entry.second, name, depth + 1);
    }
  }
}

/// Hears of a document and keeps nothing.
class Deaf final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {}
  void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {}
  void OnMapEnd() override {}
};

/// YAML::LoadAll() never returns for a document that begins with a comma: the parser stays where it is.
bool holds_several(const std::string& text) {
  std::istringstream stream{text};
  YAML::Parser parser{stream};
  Deaf deaf;
  return parser.HandleNextDocument(deaf) && parser.HandleNextDocument(deaf);
}

YAML::Node load_document(const std::string& text, const std::string& name) {
  try {
    const auto document = YAML::Load(text);
    if (holds_several(text)) throw Error{Errc::bad_input, name + ": holds several documents; one is expected"};
    if (!document || document.IsNull()) throw Error{Errc::bad_input, name + ": is empty"};
    refuse_repeated_keys(document, name, 0);
    return document;
  } catch (const YAML::Exception& e) {
    throw Error{Errc::bad_input, place_of(name, e.mark) + ": not readable as YAML: " + e.msg};
  }
}

const char* kind_of(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return node.IsNull() ? "nothing" : "a single value";
}

}  // namespace

struct Node::Data {
  YAML::Node node;
  std::string name;
};

Node Node::load(const std::filesystem::path& path) { return parse(read_text_file(path, kFileLimit), path.string()); }

Node Node::parse(std::string_view text, std::string name) {
  const auto document = load_document(std::string{text}, name);
  return Node{std::make_shared<const Data>(Data{document, std::move(name)})};
}

std::string Node::place() const { return place_of(data_->name, data_->node.Mark()); }

void Node::refuse(const std::string& why) const { throw Error{Errc::bad_input, place() + ": " + why}; }

bool Node::is_map() const { return data_->node.IsMap(); }
bool Node::is_list() const { return data_->node.IsSequence(); }

std::optional<Node> Node::find(std::string_view key) const {
  if (!is_map()) refuse(std::string{"a map with '"} + std::string{key} + "' is expected, not " + kind_of(data_->node));
  const YAML::Node& map = data_->node;
  const YAML::Node value = map[std::string{key}];
  if (!value.IsDefined()) return std::nullopt;
  return Node{std::make_shared<const Data>(Data{value, data_->name})};
}

Node Node::at(std::string_view key) const {
  auto value = find(key);
  if (!value) refuse("'" + std::string{key} + "' is missing");
  return *value;
}

std::vector<std::pair<std::string, Node>> Node::entries() const {
  if (!is_map()) refuse(std::string{"a map is expected, not "} + kind_of(data_->node));
  std::vector<std::pair<std::string, Node>> all;
  for (const auto& entry : data_->node)
    all.emplace_back(entry.first.Scalar(), Node{std::make_shared<const Data>(Data{entry.second, data_->name})});
  return all;
}

std::vector<Node> Node::items() const {
  if (!is_list()) refuse(std::string{"a list is expected, not "} + kind_of(data_->node));
  std::vector<Node> all;
  for (const auto& item : data_->node) all.push_back(Node{std::make_shared<const Data>(Data{item, data_->name})});
  return all;
}

void Node::only(std::initializer_list<std::string_view> known) const {
  for (const auto& [key, value] : entries()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string names;
    for (const auto name : known) (names += names.empty() ? "" : ", ") += name;
    value.refuse("'" + key + "' is not known here; known are: " += names);
  }
}

std::string Node::text() const {
  if (!data_->node.IsScalar() || data_->node.Scalar().empty())
    refuse(std::string{"a text is expected, not "} + kind_of(data_->node));
  return data_->node.Scalar();
}

std::string Node::text_or(std::string_view key, std::string_view otherwise) const {
  const auto value = find(key);
  return value ? value->text() : std::string{otherwise};
}

std::uint64_t Node::number(std::uint64_t low, std::uint64_t high) const {
  const auto written = text();
  return in_context(place(), [&] { return parse_number(written, "number", low, high); });
}

bool Node::boolean() const {
  const auto written = text();
  if (written == "true") return true;
  if (written == "false") return false;
  refuse("'" + written + "' is neither true nor false");
}

std::vector<std::string> Node::texts() const {
  std::vector<std::string> all;
  for (const auto& item : items()) all.push_back(item.text());
  return all;
}

}  // namespace lamp::config
