#include "cli/cloud/timezone.hpp"

#include <algorithm>
#include <filesystem>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"

namespace lamp::cli {
namespace {

constexpr const char* kZones = "/usr/share/zoneinfo";

bool is_well_formed(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
           c == '-' || c == '+';
  };
  return !name.empty() && name.front() != '/' && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace

void require_timezone(const std::string& name) {
  if (name == "UTC") return;
  if (!std::filesystem::exists(kZones))
    throw Error{Errc::not_found, std::string{"no time zone data in "} + kZones + "; install the package tzdata"};
  const auto file = std::filesystem::path{kZones} / name;
  const bool known = is_well_formed(name) && std::filesystem::is_regular_file(file) &&
                     read_text_file(file, 1U << 20).starts_with("TZif");
  if (!known) throw Error{Errc::bad_input, "no time zone '" + name + "'; names are like Europe/Berlin"};
}

}  // namespace lamp::cli
