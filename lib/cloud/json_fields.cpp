#include "lib/cloud/json_fields.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/error.hpp"

namespace lamp::cloud {
namespace {

using Json = nlohmann::json;

const Json& field(const Json& object, const char* name) {
  if (!object.is_object() || !object.contains(name))
    throw Error{Errc::bad_input, std::string{"missing \""} + name + '"'};
  return object.at(name);
}

[[noreturn]] void refuse(const char* name, const std::string& expected) {
  throw Error{Errc::bad_input, '"' + std::string{name} + "\" is not " + expected};
}

}  // namespace

Json parse_object(std::string_view text) {
  auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) throw Error{Errc::bad_input, "not a JSON object"};
  return json;
}

std::string text_field(const Json& object, const char* name, std::size_t longest) {
  const auto& value = field(object, name);
  if (!value.is_string()) refuse(name, "a string");
  const auto& text = value.get_ref<const std::string&>();
  if (text.empty() || text.size() > longest) refuse(name, "1 to " + std::to_string(longest) + " bytes long");
  return text;
}

Bytes bytes_field(const Json& object, const char* name, std::size_t longest) {
  const auto& value = field(object, name);
  if (!value.is_string()) refuse(name, "base64 text");
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() > longest * 4 / 3 + 4) refuse(name, "at most " + std::to_string(longest) + " bytes");
  return in_context(name, [&] { return from_base64(text); });
}

const Json& list_field(const Json& object, const char* name, std::size_t longest) {
  const auto& value = field(object, name);
  if (!value.is_array() || value.size() > longest) refuse(name, "a list of at most " + std::to_string(longest));
  return value;
}

std::vector<std::string> texts_field(const Json& object, const char* name, std::size_t longest) {
  std::vector<std::string> texts;
  for (const auto& item : list_field(object, name, longest)) {
    if (!item.is_string()) refuse(name, "a list of strings");
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace lamp::cloud
