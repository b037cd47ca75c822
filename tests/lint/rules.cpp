#include "tests/lint/rules.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace lamp::lint {
namespace {

struct Layer {
  std::string_view name, folder;
  std::vector<std::string_view> may_use;
};

/// The first folder that fits decides.
const std::vector<Layer>& layers() {
  static const std::vector<Layer> all{
      {"registry", "lib/registry/", {"registry", "lib"}},
      {"cloud", "lib/cloud/", {"cloud", "registry", "lib"}},
      {"lib", "lib/", {"lib"}},
      {"hsm", "hsm/", {"hsm", "lib"}},
      {"manufacturing", "manufacturing/", {"manufacturing", "lib"}},
      {"cli", "cli/", {"cli", "hsm", "manufacturing", "cloud", "registry", "lib"}},
      {"tests", "tests/", {"tests", "cli", "hsm", "manufacturing", "cloud", "registry", "lib"}},
  };
  return all;
}

const Layer* layer_of(std::string_view path) {
  const auto& all = layers();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Layer& l) { return path.starts_with(l.folder); });
  return found == all.end() ? nullptr : &*found;
}

struct Home {
  std::string_view header;
  std::vector<std::string_view> places;
};

const std::vector<Home>& homes() {
  static const std::vector<Home> all{
      {"p11-kit/", {"hsm/"}},           {"libusb", {"manufacturing/"}}, {"CLI/", {"cli/arguments.cpp", "cli/tool.cpp"}},
      {"yaml-cpp/", {"lib/config/"}},   {"sqlite3", {"lib/store/"}},    {"libpq", {"lib/registry/"}},
      {"boost/", {"lib/cloud/"}},       {"umockdev", {"cli/sim/"}},     {"gtest/", {"tests/"}},
      {"gmock/", {"tests/"}},           {"seccomp.h", {"lib/base/"}},   {"openssl/", {"lib/crypto/"}},
      {"qrencode.h", {"lib/binding/"}},
  };
  return all;
}

/// A library's tests are at home where the library is.
bool is_at_home(std::string_view file, std::string_view place) {
  return file.starts_with(place) || file.starts_with("tests/" + std::string{place}) ||
         (place.starts_with("lib/") && file.starts_with("tests/" + std::string{place.substr(4)}));
}

/// Headers that cost a compile many hundred milliseconds in every file that sees them.
constexpr std::array<std::string_view, 4> kHeavy{"nlohmann/json.hpp", "boost/", "botan/x509cert.h", "botan/tls"};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

bool lacks_a_reason(std::string_view line) {
  const auto mark = line.find(
      "NO"
      "LINT");
  if (mark == std::string_view::npos || line.substr(mark).starts_with("NO"
                                                                      "LINTEND"))
    return false;
  const auto close = line.find(')', mark);
  return close == std::string_view::npos || line.find(": ", close) != close + 1;
}

}  // namespace

std::optional<Include> include_of(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with('#')) return std::nullopt;
  line = trimmed(line.substr(1));
  if (!line.starts_with("include")) return std::nullopt;
  line = trimmed(line.substr(7));
  if (line.empty() || (line.front() != '"' && line.front() != '<')) return std::nullopt;
  const bool is_ours = line.front() == '"';
  const auto end = line.find(is_ours ? '"' : '>', 1);
  if (end == std::string_view::npos) return std::nullopt;
  return Include{line.substr(1, end - 1), is_ours};
}

std::optional<std::string> wrong_arrow(std::string_view file, std::string_view header) {
  const auto* from = layer_of(file);
  const auto* to = layer_of(header);
  if (to == nullptr) return "an include line must name its layer: " + std::string{header};
  if (from == nullptr) return "this folder is in no layer";
  if (std::find(from->may_use.begin(), from->may_use.end(), to->name) != from->may_use.end()) return std::nullopt;
  return std::string{from->name} + " must not use " + std::string{to->name} + ": " + std::string{header};
}

std::optional<std::string> away_from_home(std::string_view file, std::string_view header) {
  for (const auto& home : homes())
    if (header.starts_with(home.header) &&
        std::none_of(home.places.begin(), home.places.end(), [&](auto place) { return is_at_home(file, place); }))
      return "<" + std::string{header} + "> is at home in " + std::string{home.places.front()} + " only";
  // lib/cloud's own headers are seen by its own sources only.
  if (file.ends_with(".hpp") && !file.starts_with("lib/cloud/"))
    for (const auto heavy : kHeavy)
      if (header.starts_with(heavy)) return "<" + std::string{header} + "> is too heavy for a header";
  return std::nullopt;
}

std::optional<std::string> foreign_column(std::string_view line) {
  static constexpr std::string_view kType = " BLOB";
  const auto at = line.find(kType);
  if (at == std::string_view::npos || line.substr(0, at).find('"') == std::string_view::npos) return std::nullopt;
  const auto after = line.substr(at + kType.size());
  if (!after.empty() && after.front() != ' ' && after.front() != ',' && after.front() != ')') return std::nullopt;
  return "BLOB is SQLite's alone; PostgreSQL and SQLite both take BYTEA";
}

std::optional<std::string> unfinished(std::string_view line) {
  // Put together so that this file does not hold them.
  static const std::array<std::string, 4> words{
      "TO"
      "DO",
      "FIX"
      "ME",
      "XX"
      "X:",
      "/wo"
      "rk/"};
  for (const auto& word : words)
    if (line.find(word) != std::string_view::npos) return "must not stay: " + word;
  if (lacks_a_reason(line)) return std::string{"a silenced warning needs its reason, as in: (name): because"};
  return std::nullopt;
}

}  // namespace lamp::lint
