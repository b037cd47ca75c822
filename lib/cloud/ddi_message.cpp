#include "lib/cloud/ddi_message.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "lib/base/error.hpp"
#include "lib/cloud/json_fields.hpp"

namespace lamp::cloud {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDetailLimit = 1000, kVersionLimit = 64;

/// The string at a path of names, or empty: clients leave members out.
std::string text_at(const Json& json, std::initializer_list<const char*> names) {
  const Json* at = &json;
  for (const char* name : names) {
    if (!at->is_object() || !at->contains(name)) return {};
    at = &at->at(name);
  }
  return at->is_string() ? at->get<std::string>() : std::string{};
}

void append_line(std::string& detail, const Json& line) {
  if (!line.is_string() || detail.size() >= kDetailLimit) return;
  if (!detail.empty()) detail += " / ";
  for (const char c : line.get_ref<const std::string&>())
    detail.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
  if (detail.size() > kDetailLimit) detail.resize(kDetailLimit);
}

}  // namespace

std::string escape_control_characters(std::string_view json) {
  std::string out;
  bool in_string = false, escaped = false;
  for (const char c : json) {
    if (in_string && static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
      escaped = false;
      continue;
    }
    out.push_back(c);
    if (escaped) {
      escaped = false;
    } else if (in_string && c == '\\') {
      escaped = true;
    } else if (c == '"') {
      in_string = !in_string;
    }
  }
  return out;
}

DdiFeedback read_feedback(std::string_view body) {
  const auto json = parse_object(escape_control_characters(body));
  const auto execution = text_at(json, {"status", "execution"});
  const auto finished = text_at(json, {"status", "result", "finished"});
  if (execution.empty()) throw Error{Errc::bad_input, "feedback without status.execution"};
  DdiFeedback read{rollout::Feedback::proceeding, {}};
  if (execution == "closed")
    read.feedback = finished == "failure" ? rollout::Feedback::failed : rollout::Feedback::installed;
  if (execution == "canceled") read.feedback = rollout::Feedback::failed;
  const auto& status = json.at("status");
  if (status.contains("details") && status.at("details").is_array())
    for (const auto& line : status.at("details")) append_line(read.detail, line);
  return read;
}

std::optional<std::string> read_config_version(std::string_view body) {
  const auto json = parse_object(escape_control_characters(body));
  auto version = text_at(json, {"data", "version"});
  if (version.empty() || version.size() > kVersionLimit) return std::nullopt;
  return version;
}

}  // namespace lamp::cloud
