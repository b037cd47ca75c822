#include "lib/binding/label_design.hpp"

#include <algorithm>
#include <optional>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/config/yaml.hpp"

namespace lamp::binding {
namespace {

constexpr Tenths kLongest = 3000, kSmallestText = 8, kLargestText = 300;
constexpr std::uint64_t kMostDots = 48;
constexpr std::size_t kMostLines = 24, kLongestText = 64;
/// A quarter of a millimetre, in thousandths.
constexpr std::uint64_t kSmallestModule = 250;

/// Millimetres with at most one decimal place.
Tenths millimetres(const config::Node& node, Tenths low, Tenths high) {
  const auto text = node.text();
  const auto parts = split(text, '.');
  const auto read = attempt([&]() -> Tenths {
    if (parts.size() > 2 || (parts.size() == 2 && parts[1].size() != 1)) throw Error{Errc::bad_input, ""};
    const auto whole = parse_number(parts[0], "a length", 0, kLongest);
    return whole * 10 + (parts.size() == 2 ? parse_number(parts[1], "a tenth", 0, 9) : 0);
  });
  const auto* value = std::get_if<Tenths>(&read);
  if (value == nullptr || *value < low || *value > high)
    node.refuse("expected millimetres from " + std::to_string(low / 10) + "." + std::to_string(low % 10) + " to " +
                std::to_string(high / 10) + ", with one decimal place at most");
  return *value;
}

std::string shown_length(Tenths tenths) { return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10); }

constexpr std::string_view kNames[] = {"serial", "model", "mac", "eui64", "claim-code"};

/// What every kind of output can show as it is: printable ASCII without a label printer's command characters.
void require_plain(const config::Node& node, const std::string& text) {
  if (text.size() > kLongestText) node.refuse("a line of at most " + std::to_string(kLongestText) + " characters");
  if (std::any_of(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~' || c == '^' || c == '~'; }))
    node.refuse("printable ASCII only, without '^' and '~'");
  for (std::size_t at = text.find_first_of("{}"); at != std::string::npos; at = text.find_first_of("{}", at)) {
    const auto end = text.find('}', at);
    const auto name = end == std::string::npos || text[at] == '}' ? "" : text.substr(at + 1, end - at - 1);
    if (std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames))
      node.refuse("a name in braces is one of serial, model, mac, eui64, claim-code");
    at = end + 1;
  }
}

LabelDesign::Line read_line(const config::Node& node, const LabelDesign& design) {
  node.only({"text", "x", "y", "size"});
  LabelDesign::Line line{node.at("text").text(), millimetres(node.at("x"), 0, design.width),
                         millimetres(node.at("y"), 0, design.height),
                         millimetres(node.at("size"), kSmallestText, kLargestText)};
  require_plain(node.at("text"), line.text);
  if (line.y + line.size > design.height) node.at("y").refuse("the line does not lie on the label");
  return line;
}

LabelDesign read_design(const config::Node& root, std::string name) {
  root.only({"width", "height", "dots-per-mm", "qr", "lines"});
  LabelDesign design;
  design.name = std::move(name);
  design.width = millimetres(root.at("width"), 80, kLongest);
  design.height = millimetres(root.at("height"), 80, kLongest);
  design.dots = root.at("dots-per-mm").number(6, kMostDots);
  const auto qr = root.at("qr");
  qr.only({"x", "y", "size"});
  design.qr_x = millimetres(qr.at("x"), 0, design.width);
  design.qr_y = millimetres(qr.at("y"), 0, design.height);
  design.qr_size = millimetres(qr.at("size"), 80, kLongest);
  if (design.qr_x + design.qr_size > design.width || design.qr_y + design.qr_size > design.height)
    qr.at("size").refuse("the code does not lie on the label");
  if (const auto lines = root.find("lines"))
    for (const auto& item : lines->items()) {
      if (design.lines.size() == kMostLines) item.refuse("more than " + std::to_string(kMostLines) + " lines");
      design.lines.push_back(read_line(item, design));
    }
  return design;
}

/// Courier is six tenths of its size wide: a text that would run over the edge is set smaller.
Tenths fitting_size(const LabelDesign::Line& line, std::size_t characters, const LabelDesign& design) {
  const auto fits = (design.width - line.x) * 10 / (6 * std::max<std::size_t>(characters, 1));
  if (fits < kSmallestText)
    throw Error{Errc::bad_input, "label design " + design.name + ": there is no room for '" + line.text + "' at x " +
                                     shown_length(line.x)};
  return std::min(line.size, fits);
}

void add(SecureBytes& to, std::string_view more) { to.insert(to.end(), more.begin(), more.end()); }

/// In groups of four, as people type it.
void add_claim_code(SecureBytes& to, const ClaimCode& code) {
  const auto letters = code.expose_secret();
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (i > 0 && i % 4 == 0) to.push_back('-');
    to.push_back(letters[i]);
  }
}

/// Nothing when the line asks for what the device has not.
std::optional<SecureBytes> filled(const std::string& text, const Label& label, Shown shown) {
  SecureBytes line;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '{') {
      line.push_back(static_cast<std::uint8_t>(text[at++]));
      continue;
    }
    const auto end = text.find('}', at);
    const auto name = std::string_view{text}.substr(at + 1, end - at - 1);
    at = end + 1;
    if (name == "serial") add(line, label.serial);
    if (name == "model") add(line, label.model);
    if (name == "mac") add(line, label.mac.text());
    if (name == "eui64") add(line, label.mac.eui64());
    if (name != "claim-code") continue;
    if (!label.claim_code) return std::nullopt;
    if (shown == Shown::everything)
      add_claim_code(line, *label.claim_code);
    else
      add(line, "(claim code)");
  }
  return line;
}

}  // namespace

LabelDesign LabelDesign::load(const std::filesystem::path& file) {
  return read_design(config::Node::load(file), file.stem().string());
}

LabelDesign LabelDesign::parse(std::string_view text, std::string name) {
  return read_design(config::Node::parse(text, name), name);
}

DrawnLabel draw(const Label& label, const LabelDesign& design, Shown shown) {
  DrawnLabel drawn{design.width, design.height, design.dots, {}, design.qr_x, design.qr_y, design.qr_size, {}};
  if (shown == Shown::everything)
    drawn.code = make_qr_code(label_text(label));
  else
    drawn.code = make_qr_code(as_bytes(label_preview(label)));
  const auto modules = drawn.code.size + 2 * kQuietModules;
  if (design.qr_size * 100 < kSmallestModule * modules)
    throw Error{Errc::bad_input, "label design " + design.name + ": the code of " + label.serial + " has " +
                                     std::to_string(modules) + " modules on a side with its quiet zone and needs " +
                                     shown_length((kSmallestModule * modules + 99) / 100) + " mm; qr.size has " +
                                     shown_length(design.qr_size)};
  for (const auto& line : design.lines) {
    auto text = filled(line.text, label, shown);
    if (!text) continue;
    const auto size = fitting_size(line, text->size(), design);
    drawn.lines.push_back({std::move(*text), line.x, line.y, size});
  }
  return drawn;
}

}  // namespace lamp::binding
