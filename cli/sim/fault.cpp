#include "cli/sim/fault.hpp"

#include <array>
#include <limits>
#include <utility>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"

namespace lamp::sim {

namespace {

using manufacturing::Operation;

constexpr std::array<std::pair<std::string_view, FaultKind>, 10> kKinds{{{"stall", FaultKind::stall},
                                                                         {"nak", FaultKind::nak},
                                                                         {"unplug", FaultKind::unplug},
                                                                         {"unplug-late", FaultKind::unplug_late},
                                                                         {"unplug-after", FaultKind::unplug_after},
                                                                         {"replug", FaultKind::replug},
                                                                         {"flip", FaultKind::flip},
                                                                         {"no-lock", FaultKind::no_lock},
                                                                         {"open-port", FaultKind::open_port},
                                                                         {"twin", FaultKind::twin}}};
constexpr std::array kSteps{Operation::identify, Operation::generate, Operation::install, Operation::prove,
                            Operation::lock,     Operation::reset,    Operation::request};

[[noreturn]] void misspelled(std::string_view text, const std::string& why) {
  throw Error{Errc::bad_input, "--fault " + std::string{text} + ": " + why};
}

template <class Named, class Name>
std::string all_names(const Named& all, Name name) {
  std::string names;
  for (const auto& one : all) names += (names.empty() ? "" : ", ") + std::string{name(one)};
  return names;
}

FaultKind kind_called(std::string_view name, std::string_view text) {
  for (const auto& [known, kind] : kKinds)
    if (known == name) return kind;
  misspelled(text, "no fault '" + std::string{name} + "'; there are " +
                       all_names(kKinds, [](const auto& known) { return known.first; }));
}

bool is_number(std::string_view text) { return text.find_first_not_of("0123456789") == std::string_view::npos; }

Fault::Place place_called(std::string_view name, std::string_view text) {
  if (!name.empty() && is_number(name))
    return parse_number(name, "--fault " + std::string{text} + ": transfer", 1,
                        std::numeric_limits<std::uint32_t>::max());
  for (const auto step : kSteps)
    if (manufacturing::name_of(step) == name) return step;
  misspelled(text, "no step '" + std::string{name} + "'; there are " + all_names(kSteps, [](Operation step) {
                     return manufacturing::name_of(step);
                   }) + ", or the number of a transfer");
}

/// The part of `text` behind `mark`, which is cut off.
std::optional<std::string_view> cut_behind(std::string_view& text, char mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const auto behind = text.substr(at + 1);
  text = text.substr(0, at);
  return behind;
}

}  // namespace

Fault Fault::parse(std::string_view text) {
  auto rest = text;
  auto what = cut_behind(rest, '=');
  if (!what) misspelled(text, "write DEVICE=KIND@STEP");
  Fault fault;
  fault.device = rest;
  require_name(fault.device, "--fault: name of a device");
  const auto times = cut_behind(*what, '*');
  const auto place = cut_behind(*what, '@');
  fault.kind = kind_called(*what, text);
  const bool is_twin = fault.kind == FaultKind::twin;
  if (is_twin || fault.is_of_cable()) {
    if (!place) misspelled(text, is_twin ? "write DEVICE=twin@OTHER-DEVICE" : "write DEVICE=KIND@STEP");
  } else if (place) {
    misspelled(text, std::string{fault.name()} + " has no step");
  }
  if (times && !fault.is_of_cable()) misspelled(text, std::string{fault.name()} + " is there each time");
  if (times) fault.times = parse_number(*times, "--fault " + std::string{text} + ": times", 1, 1000);
  if (fault.is_of_cable()) fault.place = place_called(*place, text);
  if (!is_twin) return fault;
  fault.other = *place;
  require_name(fault.other, "--fault: name of the other device");
  return fault;
}

std::string_view Fault::name() const noexcept {
  for (const auto& [name, known] : kKinds)
    if (known == kind) return name;
  return "none";
}

}  // namespace lamp::sim
