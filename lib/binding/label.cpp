#include "lib/binding/label.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace lamp::binding {
namespace {

constexpr std::size_t kLargestLabel = 512;

struct Fields {
  std::array<std::optional<std::string_view>, 26> by_letter;

  [[nodiscard]] std::optional<std::string_view> find(char letter) const {
    return by_letter[static_cast<std::size_t>(letter - 'A')];
  }
  [[nodiscard]] std::string_view at(char letter) const {
    const auto value = find(letter);
    if (!value) throw Error{Errc::bad_input, std::string{"label without field "} + letter};
    return *value;
  }
};

Fields fields_of(std::string_view text) {
  if (text.empty() || text.size() > kLargestLabel) throw Error{Errc::bad_input, "label: empty or too long"};
  Fields fields;
  for (const auto group : split(text, '%'))
    for (const auto field : split(group, '$')) {
      if (field.size() < 3 || field[0] < 'A' || field[0] > 'Z' || field[1] != ':')
        throw Error{Errc::bad_input, "label: a field is a capital letter, ':' and a value"};
      auto& slot = fields.by_letter[static_cast<std::size_t>(field[0] - 'A')];
      if (slot) throw Error{Errc::bad_input, std::string{"label: field "} + field[0] + " twice"};
      slot = field.substr(2);
    }
  return fields;
}

std::string upper_hex(MacAddress mac) {
  std::string digits;
  for (const char c : mac.text())
    if (c != ':') digits += c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  return digits;
}

/// An EUI-64 that holds a MAC address has FF-FE in its middle.
MacAddress mac_of_eui64(std::string_view eui64) {
  if (eui64.size() != 16 || eui64.substr(6, 4) != "FFFE")
    throw Error{Errc::bad_input, "label: field Z is not an EUI-64 that was made from a MAC address"};
  return MacAddress::parse(std::string{eui64.substr(0, 6)} + std::string{eui64.substr(10)});
}

void require_printable(std::string_view value, const char* what) {
  const bool plain = !value.empty() && value.size() <= 63 && std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
           c == '_';
  });
  if (!plain) throw Error{Errc::bad_input, std::string{"label: "} + what + " is not plain letters and digits"};
}

std::string identity_group(const Label& label) {
  require_printable(label.serial, "serial number");
  require_printable(label.model, "model");
  return "%N:" + label.serial + "$G:" + label.model;
}

}  // namespace

SecureBytes label_text(const Label& label) {
  const auto add = [](SecureBytes& text, std::string_view more) { text.insert(text.end(), more.begin(), more.end()); };
  SecureBytes text;
  if (label.claim_code) {
    add(text, "B:" + upper_hex(label.mac) + "$C:");
    const auto code = label.claim_code->expose_secret();
    text.insert(text.end(), code.begin(), code.end());
  } else {
    add(text, "Z:" + label.mac.eui64());
  }
  add(text, identity_group(label));
  return text;
}

std::string label_preview(const Label& label) {
  const std::string address =
      label.claim_code ? "B:" + upper_hex(label.mac) + "$C:(claim code)" : "Z:" + label.mac.eui64();
  return address + identity_group(label);
}

Label parse_label(std::string_view text) {
  const auto fields = fields_of(text);
  const bool is_gateway = fields.find('B').has_value();
  Label label{std::string{fields.at('N')}, std::string{fields.at('G')},
              is_gateway ? MacAddress::parse(fields.at('B')) : mac_of_eui64(fields.at('Z')), std::nullopt};
  require_printable(label.serial, "serial number");
  require_printable(label.model, "model");
  if (is_gateway) label.claim_code = read_claim_code(fields.at('C'));
  return label;
}

}  // namespace lamp::binding
