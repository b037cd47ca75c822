// What can be wrong with a device or its cable, for training and tests: lamp-sim(1), FAULTS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "manufacturing/lamp_protocol.hpp"

namespace lamp::sim {

enum class FaultKind {
  stall,         ///< the device refuses the request's transfer and halts the endpoint
  nak,           ///< it acts, and never gives its answer
  unplug,        ///< the cable is pulled in the middle of the request, and stays out
  unplug_late,   ///< it acts, the cable is pulled before the answer was read, and stays out
  unplug_after,  ///< it acts and answers, then the cable is pulled, and stays out
  replug,        ///< pulled in the middle of the request, and plugged in again
  flip,          ///< one bit of the answer is another one when it arrives
  no_lock,       ///< the firmware says that it locked, and is as it was
  open_port,     ///< it is locked, but the debug port's fuse did not take
  twin,          ///< the chip id is another device's
};

struct Fault {
  /// Where: an operation of lamp-provisioning(7), or the so-manieth transfer to the device, from 1; nowhere in
  /// particular for what is wrong all the time.
  using Place = std::variant<std::monostate, manufacturing::Operation, std::uint64_t>;

  std::string device;  ///< its name, such as smart-lamp-2
  FaultKind kind = FaultKind::stall;
  Place place;
  std::optional<std::uint64_t> times;  ///< the fault is gone afterwards; each time when absent
  std::string other;                   ///< of twin: the name of the device with that chip id

  /// DEVICE=KIND@STEP[*TIMES], DEVICE=twin@DEVICE, DEVICE=no-lock, DEVICE=open-port. Throws Error{bad_input}.
  [[nodiscard]] static Fault parse(std::string_view text);
  [[nodiscard]] bool is_of_cable() const noexcept { return kind <= FaultKind::flip; }
  [[nodiscard]] std::string_view name() const noexcept;
};

}  // namespace lamp::sim
