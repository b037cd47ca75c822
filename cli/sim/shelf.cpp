#include "cli/sim/shelf.hpp"

#include <algorithm>
#include <system_error>
#include <tuple>

#include "cli/sim/device_flash.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"

namespace lamp::sim {

namespace {

std::filesystem::path shelf(const config::Site& site) { return site.root / "sim"; }

/// smart-lamp-10 comes after smart-lamp-9.
auto order_of(const std::filesystem::path& folder) {
  const auto name = folder.filename().string();
  const auto dash = name.rfind('-') + 1;
  return std::tuple{name.substr(0, dash), name.size(), name};
}

}  // namespace

std::filesystem::path place_on_shelf(const config::Site& site, const std::string& model, std::uint64_t number) {
  return shelf(site) / (model + "-" + std::to_string(number));
}

std::filesystem::path find_on_shelf(const config::Site& site, const std::string& name) {
  require_name(name, "name of a virtual device");
  if (const auto folder = shelf(site) / name; DeviceFlash::is_at(folder)) return folder;
  std::string names;
  for (const auto& folder : everything_on_shelf(site))
    names += (names.empty() ? "" : ", ") + folder.filename().string();
  throw Error{Errc::not_found,
              "no virtual device " + name + (names.empty() ? "; lamp-sim usb makes them" : "; there are " + names)};
}

std::vector<std::filesystem::path> everything_on_shelf(const config::Site& site) {
  std::vector<std::filesystem::path> folders;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator{shelf(site), absent})
    if (DeviceFlash::is_at(entry.path())) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end(), [](const auto& a, const auto& b) { return order_of(a) < order_of(b); });
  return folders;
}

}  // namespace lamp::sim
