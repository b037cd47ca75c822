#include "lib/firmware/images/sw_description.hpp"

#include <algorithm>

namespace lamp::firmware::swu {
namespace {

constexpr std::size_t kMaxDepth = 16, kMaxSettings = 10000;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_char(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; }
bool is_scalar_char(char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '+' || c == '-' || c == '_'; }

bool is_hex(std::string_view text, std::size_t size) {
  return text.size() == size && std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}
bool is_sha256(std::string_view text) { return is_hex(text, 64); }
bool is_iv(std::string_view text) { return is_hex(text, 32); }

/// What a group says of itself; collected while its settings are read.
struct Group {
  std::uint64_t offset = 0;
  std::size_t depth = 0;
  std::vector<std::string> names;
  std::string filename, sha256, ivt;
  bool encrypted = false;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_{text} {}

  Reading<Description> read() {
    Group top;
    const bool whole =
        settings(top, '\0') &&
        hold(top.names == std::vector<std::string>{"software"}, 0, "the one top setting is not 'software'") &&
        hold(!description_.version.empty(), 0, "software has no version");
    Reading<Description> out{std::nullopt, std::move(rules_.findings)};
    if (whole) out.value = std::move(description_);
    return out;
  }

 private:
  bool hold(bool holds, std::uint64_t at, const char* rule) { return rules_.hold(holds, at, rule); }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool skip();
  bool settings(Group& group, char end);
  bool setting(Group& group);
  bool value(Group& group, const std::string& name);
  bool group(std::size_t depth);
  bool list(std::size_t depth, char end);
  bool string(std::string& out);
  bool escape(std::string& out);
  bool scalar();
  bool note(Group& group, const std::string& name, const std::string& text);
  bool note_scalar(Group& group, const std::string& name, std::string_view text);

  std::string_view text_;
  std::size_t at_ = 0, count_ = 0;
  Description description_;
  Rules rules_;
};

/// White space and comments. False for a comment without an end.
bool Parser::skip() {
  for (;;) {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    const auto rest = text_.substr(at_);
    if (rest.starts_with("#") || rest.starts_with("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (rest.starts_with("/*")) {
      const auto end = text_.find("*/", at_ + 2);
      if (!hold(end != std::string_view::npos, at_, "a comment without an end")) return false;
      at_ = end + 2;
    } else {
      return true;
    }
  }
}

bool Parser::settings(Group& group, char end) {
  if (!hold(group.depth <= kMaxDepth, at_, "nested too deeply")) return false;
  for (;;) {
    if (!skip()) return false;
    const bool at_end = end == '\0' ? at_ == text_.size() : peek() == end;
    if (at_end) return true;
    if (!hold(++count_ <= kMaxSettings, at_, "too many settings") || !setting(group)) return false;
  }
}

bool Parser::setting(Group& group) {
  const auto start = at_;
  while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
  std::string name{text_.substr(start, at_ - start)};
  if (!hold(!name.empty() && is_letter(name.front()), start, "expected the name of a setting") ||
      !hold(name != "ref", start, "a reference; write the settings out") ||
      !hold(std::find(group.names.begin(), group.names.end(), name) == group.names.end(), start,
            "a setting that is there twice"))
    return false;
  group.names.push_back(name);
  if (!skip() || !hold(take('=') || take(':'), at_, "expected = or :") || !skip() || !value(group, name) || !skip())
    return false;
  if (take(';') || take(',')) return true;
  return true;
}

/// Of the settings with text, those that decide what is installed.
bool Parser::note(Group& group, const std::string& name, const std::string& text) {
  if (name == "filename") group.filename = text;
  if (name == "sha256") group.sha256 = text;
  if (name == "ivt") group.ivt = text;
  if (name == "version" && group.depth == 1) description_.version = text;
  return true;
}

/// SWUpdate reads a boolean here, in any case.
bool Parser::note_scalar(Group& group, const std::string& name, std::string_view text) {
  if (name != "encrypted") return true;
  std::string lower{text};
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  group.encrypted = lower == "true";
  return hold(group.encrypted || lower == "false", at_, "expected true or false");
}

bool Parser::value(Group& group, const std::string& name) {
  const auto start = at_;
  if (take('{')) return this->group(group.depth + 1);
  if (take('(')) return list(group.depth + 1, ')');
  if (take('[')) return list(group.depth + 1, ']');
  if (peek() != '"')
    return hold(name != "filename" && name != "sha256" && name != "ivt", start, "expected a text in quotes") &&
           scalar() && note_scalar(group, name, text_.substr(start, at_ - start));
  std::string text;
  return string(text) && note(group, name, text);
}

bool Parser::group(std::size_t depth) {
  Group inner;
  inner.offset = at_ - 1;
  inner.depth = depth;
  if (!settings(inner, '}') || !hold(take('}'), at_, "expected }")) return false;
  if (inner.filename.empty()) return hold(inner.sha256.empty(), inner.offset, "a SHA-256 of no file");
  if (!hold(is_sha256(inner.sha256), inner.offset, "a file without its SHA-256")) return false;
  std::transform(inner.sha256.begin(), inner.sha256.end(), inner.sha256.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (!hold(inner.ivt.empty() || is_iv(inner.ivt), inner.offset, "an ivt that is not 32 hexadecimal digits"))
    return false;
  description_.artifacts.push_back({inner.offset, inner.filename, inner.sha256, inner.encrypted, inner.ivt});
  return true;
}

bool Parser::list(std::size_t depth, char end) {
  if (!hold(depth <= kMaxDepth, at_, "nested too deeply")) return false;
  for (bool first = true;; first = false) {
    if (!skip()) return false;
    if (take(end)) return true;
    if (!first && (!hold(take(','), at_, "expected a comma") || !skip())) return false;
    if (!first && take(end)) return true;
    Group element;
    element.depth = depth;
    if (!hold(++count_ <= kMaxSettings, at_, "too many settings") || !value(element, {})) return false;
  }
}

bool Parser::escape(std::string& out) {
  constexpr std::string_view kFrom = "\"\\nrtf", kTo = "\"\\\n\r\t\f";
  const auto index = kFrom.find(peek());
  if (!hold(at_ < text_.size() && index != std::string_view::npos, at_, "an unknown escape in a text")) return false;
  ++at_;
  out.push_back(kTo[index]);
  return true;
}

bool Parser::string(std::string& out) {
  const auto start = at_++;
  while (at_ < text_.size() && text_[at_] != '"') {
    if (take('\\')) {
      if (!escape(out)) return false;
      continue;
    }
    if (!hold(text_[at_] != '\0', at_, "a zero byte in a text")) return false;
    out.push_back(text_[at_++]);
  }
  return hold(take('"'), start, "a text without an end");
}

bool Parser::scalar() {
  const auto start = at_;
  while (at_ < text_.size() && is_scalar_char(text_[at_])) ++at_;
  return hold(at_ > start, start, "expected a value");
}

std::string quoted(std::string_view text) {
  std::string out{"\""};
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) throw Error{Errc::bad_input, "sw-description: a control character"};
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

}  // namespace

Reading<Description> read_description(std::string_view text) { return Parser{text}.read(); }

std::string write_description(const Recipe& recipe) {
  std::string hardware;
  for (const auto& one : recipe.hardware) hardware += (hardware.empty() ? " " : ", ") + quoted(one);
  const bool raw = !recipe.device.empty();
  std::string out =
      "software =\n{\n  version = " + quoted(recipe.version) + ";\n  description = " + quoted(recipe.text) + ";\n";
  if (!hardware.empty()) out += "  hardware-compatibility: [" + hardware + " ];\n";
  out += raw ? "  images: (\n" : "  files: (\n";
  out += "    {\n      filename = " + quoted(recipe.filename) + ";\n";
  out += raw ? "      type = \"raw\";\n      device = " + quoted(recipe.device) + ";\n"
             : "      type = \"rawfile\";\n      path = " + quoted(recipe.path) + ";\n";
  if (!recipe.ivt.empty()) out += "      encrypted = true;\n      ivt = " + quoted(recipe.ivt) + ";\n";
  return out + "      sha256 = " + quoted(recipe.sha256) + ";\n    }\n  );\n};\n";
}

}  // namespace lamp::firmware::swu
