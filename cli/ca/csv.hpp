// One field of RFC 4180's CSV.
#pragma once

#include <string>

namespace lamp::cli {

[[nodiscard]] inline std::string csv_field(const std::string& text) {
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string{"\"\""} : std::string{c};
  return quoted + "\"";
}

}  // namespace lamp::cli
