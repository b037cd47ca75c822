#include "cli/sim/fault_cable.hpp"

namespace lamp::sim {

namespace {

constexpr std::uint8_t kTowardsHost = 0x80;  // in an endpoint address

}  // namespace

bool FaultyCable::is_the_place(ByteView data) {
  ++transfers_;
  if (const auto* number = std::get_if<std::uint64_t>(&fault_.place)) return transfers_ == *number;
  const auto operation = frames_.begins_with(data);
  return operation != manufacturing::Operation::none && fault_.place == Fault::Place{operation};
}

bool FaultyCable::strikes(ByteView data) {
  answer_ = Answer::as_given;
  if (!is_the_place(data) || (fault_.times && strikes_ >= *fault_.times)) return false;
  ++strikes_;
  tell_(fault_);
  return true;
}

/// hand_on gives the device the transfer, whole or its first half.
Outcome FaultyCable::strike(const std::function<Outcome(bool whole)>& hand_on) {
  switch (fault_.kind) {
    case FaultKind::stall: halted_ = true; return Outcome::stall;
    case FaultKind::unplug: stays_out_ = true; [[fallthrough]];
    case FaultKind::replug: (void)hand_on(false); return Outcome::vanish;
    case FaultKind::nak: answer_ = Answer::withheld; break;
    case FaultKind::flip: answer_ = Answer::flipped; break;
    case FaultKind::unplug_late: answer_ = Answer::cut_off; break;
    case FaultKind::unplug_after: answer_ = Answer::last; break;
    default: break;
  }
  return hand_on(true);
}

Outcome FaultyCable::control(const Setup& setup, Bytes& data) {
  if (answer_ == Answer::withheld) return Outcome::nak;
  if (!strikes(data)) return UsbWrapper::control(setup, data);
  const auto outcome =
      strike([&](bool whole) { return whole || setup.to_host() ? UsbWrapper::control(setup, data) : Outcome::done; });
  halted_ = false;  // endpoint 0 takes the next request in any case
  if (answer_ == Answer::withheld) return Outcome::nak;
  if (answer_ == Answer::cut_off) {
    stays_out_ = true;
    return Outcome::vanish;
  }
  if (setup.to_host()) flip(outcome, data);
  return pulled_after(outcome);
}

Outcome FaultyCable::bulk_out(ByteView data) {
  if (halted_) return Outcome::stall;
  if (!strikes(data)) return UsbWrapper::bulk_out(data);
  return strike([&](bool whole) { return UsbWrapper::bulk_out(whole ? data : data.first(data.size() / 2)); });
}

Outcome FaultyCable::bulk_in(std::size_t most, Bytes& data) {
  if (answer_ == Answer::withheld) return Outcome::nak;
  if (answer_ == Answer::cut_off) {
    stays_out_ = true;
    return Outcome::vanish;
  }
  const auto outcome = UsbWrapper::bulk_in(most, data);
  flip(outcome, data);
  return pulled_after(outcome);
}

Outcome FaultyCable::pulled_after(Outcome outcome) {
  if (answer_ != Answer::last || (outcome != Outcome::done && outcome != Outcome::farewell)) return outcome;
  stays_out_ = true;
  return Outcome::farewell;
}

/// In the last byte: of an answer to install that is the digest read back, of a proof the signature.
void FaultyCable::flip(Outcome outcome, Bytes& data) {
  if (answer_ != Answer::flipped || outcome == Outcome::nak || data.empty()) return;
  data.back() ^= 1U;
  answer_ = Answer::as_given;
}

void FaultyCable::power_cycle() {
  halted_ = false;
  answer_ = Answer::as_given;
  frames_.forget();
  UsbWrapper::power_cycle();
}

void FaultyCable::clear_halt(std::uint8_t endpoint) {
  if ((endpoint & kTowardsHost) == 0) {
    halted_ = false;
    frames_.forget();
  } else {
    answer_ = Answer::as_given;
  }
  UsbWrapper::clear_halt(endpoint);
}

void FaultyCable::bus_reset() {
  halted_ = false;
  answer_ = Answer::as_given;
  frames_.forget();
  UsbWrapper::bus_reset();
}

}  // namespace lamp::sim
