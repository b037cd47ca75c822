#include "lib/rollout/plan_form.hpp"

#include <algorithm>
#include <set>

#include "lib/rollout/gate_yaml.hpp"

namespace lamp::rollout {
namespace {

/// A serial number is a file name, a path segment and a column: no more than these characters.
bool is_serial(std::string_view text) {
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
           c == '_';
  });
}

}  // namespace

Verdict check_form(const Plan& plan) {
  Verdict verdict;
  std::set<std::string_view> devices, names;
  for (const auto& wave : plan.waves) {
    if (!names.insert(wave.name).second) verdict.objections.push_back("two waves are called " + wave.name);
    if (wave.devices.empty()) verdict.objections.push_back("wave " + wave.name + " has no devices");
    for (const auto& device : wave.devices) {
      if (!is_serial(device)) verdict.objections.push_back("not a serial number in wave " + wave.name);
      if (!devices.insert(device).second) verdict.objections.push_back("device " + device + " is there twice");
    }
  }
  if (plan.waves.empty()) verdict.objections.emplace_back("no waves");
  if (devices.size() > kMostDevices) verdict.objections.emplace_back("too many devices");
  return verdict;
}

}  // namespace lamp::rollout
