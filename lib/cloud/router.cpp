#include "lib/cloud/router.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "lib/base/parse.hpp"

namespace lamp::cloud {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 6> kRoles{{{Role::device, "device"},
                                                                   {Role::fleet_operator, "operator"},
                                                                   {Role::installer, "installer"},
                                                                   {Role::officer, "officer"},
                                                                   {Role::station, "station"},
                                                                   {Role::stranger, "stranger"}}};

bool is_parameter(std::string_view segment) { return segment.size() > 2 && segment.front() == '{'; }
bool takes_rest(const std::vector<std::string>& pattern) { return pattern.back().ends_with("*}"); }

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  for (const auto part : split(path.substr(1), '/')) segments.emplace_back(part);
  return segments;
}

/// The path's segments decoded, or nothing when one of them could mean something else to a file system or another
/// parser.
std::optional<std::vector<std::string>> decode_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return std::nullopt;
  std::vector<std::string> segments;
  for (const auto part : split(path.substr(1), '/')) {
    auto decoded = percent_decode(part);
    if (!decoded || decoded->empty() || *decoded == "." || *decoded == ".." || decoded->find('/') != std::string::npos)
      return std::nullopt;
    segments.push_back(std::move(*decoded));
  }
  return segments;
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  return std::equal(pattern.begin(), pattern.end(), path.begin(), path.end(),
                    [](const auto& want, const auto& got) { return is_parameter(want) || want == got; });
}

/// Fewer parameters first: a literal segment is the more specific one.
std::ptrdiff_t parameters_in(const std::vector<std::string>& pattern) {
  return std::count_if(pattern.begin(), pattern.end(), [](const auto& s) { return is_parameter(s); });
}

unsigned status_for(Errc code) noexcept {
  switch (code) {
    case Errc::bad_input: return 400;
    case Errc::denied: return 403;
    case Errc::not_found: return 404;
    case Errc::exists: return 409;
    case Errc::unavailable: return 503;
    case Errc::internal: break;
  }
  return 500;
}

}  // namespace

std::string_view role_text(Role role) noexcept {
  const auto* const found = std::find_if(kRoles.begin(), kRoles.end(), [&](const auto& r) { return r.first == role; });
  return found->second;
}

std::optional<Role> role_from_text(std::string_view text) noexcept {
  const auto* const found = std::find_if(kRoles.begin(), kRoles.end(), [&](const auto& r) { return r.second == text; });
  if (found == kRoles.end() || found->first == Role::stranger) return std::nullopt;
  return found->first;
}

std::vector<Role> every_role() {
  std::vector<Role> all;
  for (const auto& [role, name] : kRoles) all.push_back(role);
  return all;
}

Reply error_reply(unsigned status, std::string_view message) {
  using Json = nlohmann::json;
  return {.status = status,
          .body = Json{{"error", message}}.dump(-1, ' ', false, Json::error_handler_t::replace),
          .file = std::nullopt};
}

Reply error_reply(const Error& error) {
  if (error.code() == Errc::internal)
    return error_reply(500, "the service has a fault; its operator finds it in the log");
  return error_reply(status_for(error.code()), error.what());
}

void Router::add(Route route) {
  auto segments = segments_of(route.pattern);
  for (const auto& entry : entries_) {
    if (entry.route.method == route.method && entry.segments == segments)
      throw Error{Errc::internal, "two routes for " + route.method + " " + route.pattern};
  }
  entries_.push_back({std::move(route), std::move(segments)});
}

/// The rest of a path may hold what segments may not: base64 has slashes, also one after the other.
bool Router::find_rest(std::string_view method, std::string_view path, Match& match) const {
  for (const auto& entry : entries_) {
    if (!takes_rest(entry.segments) || entry.route.method != method) continue;
    const std::string_view prefix{entry.route.pattern.data(), entry.route.pattern.rfind('{')};
    if (!path.starts_with(prefix) || path.size() == prefix.size()) continue;
    const auto rest = percent_decode(path.substr(prefix.size()));
    match.status = rest ? 200 : 400;
    if (!rest) return true;
    const auto& name = entry.segments.back();
    match.parameters.emplace(name.substr(1, name.size() - 3), *rest);
    match.route = &entry.route;
    return true;
  }
  return false;
}

Router::Match Router::find(std::string_view method, std::string_view path) const {
  Match match;
  if (find_rest(method, path, match)) return match;
  const auto segments = decode_path(path);
  if (!segments) {
    match.status = 400;
    return match;
  }
  const Entry* best = nullptr;
  for (const auto& entry : entries_) {
    if (takes_rest(entry.segments) || !fits(entry.segments, *segments)) continue;
    match.status = 405;
    if (entry.route.method != method) continue;
    if (best == nullptr || parameters_in(entry.segments) < parameters_in(best->segments)) best = &entry;
  }
  if (best == nullptr) return match;
  match.route = &best->route;
  match.status = 200;
  for (std::size_t i = 0; i < segments->size(); ++i) {
    const auto& name = best->segments[i];
    if (is_parameter(name)) match.parameters.emplace(name.substr(1, name.size() - 2), (*segments)[i]);
  }
  return match;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    decoded.push_back(c);
  }
  return decoded;
}

std::pair<std::string, std::map<std::string, std::string>> split_target(std::string_view target) {
  const auto mark = target.find('?');
  std::map<std::string, std::string> query;
  if (mark != std::string_view::npos) {
    for (const auto pair : split(target.substr(mark + 1), '&')) {
      const auto equals = pair.find('=');
      const auto name = percent_decode(pair.substr(0, equals));
      const auto value = percent_decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
      if (name && value && !name->empty()) query[*name] = *value;
    }
  }
  return {std::string{target.substr(0, mark)}, std::move(query)};
}

}  // namespace lamp::cloud
