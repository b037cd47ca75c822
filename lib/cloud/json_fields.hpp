// Fields of JSON that others sent, read strictly; every error names the field.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"

namespace lamp::cloud {

/// Throws Error{bad_input} unless the text is one JSON object.
[[nodiscard]] nlohmann::json parse_object(std::string_view text);

/// Throw Error{bad_input} when absent, of another type or too long.
[[nodiscard]] std::string text_field(const nlohmann::json& object, const char* name, std::size_t longest = 255);
[[nodiscard]] Bytes bytes_field(const nlohmann::json& object, const char* name, std::size_t longest = 16384);
[[nodiscard]] const nlohmann::json& list_field(const nlohmann::json& object, const char* name, std::size_t longest);
[[nodiscard]] std::vector<std::string> texts_field(const nlohmann::json& object, const char* name, std::size_t longest);

/// Compact; bytes that are no UTF-8 are replaced, never thrown over.
[[nodiscard]] std::string dump(const nlohmann::json& json);

}  // namespace lamp::cloud
