#include "cli/sim/usb_lamp.hpp"

#include <algorithm>
#include <optional>

#include "cli/sim/usb_descriptors.hpp"
#include "lib/base/error.hpp"

namespace lamp::sim {

namespace {

using namespace manufacturing;

bool is_proof_of_lock(const ResponseBody& body) {
  const auto* proof = std::get_if<Proof>(&body);
  return proof != nullptr && proof->state == Lifecycle::locked && proof->debug_port == DebugPort::locked;
}

Response unreadable(const Error& error) {
  return {Operation::none, 0, Refusal{Status::bad_request, std::string{error.what()}.substr(0, 100)}};
}

}  // namespace

UsbDescriptors UsbLamp::descriptors() const { return lamp_descriptors(device_.model(), hex(device_.chip_id())); }

Outcome UsbLamp::set_interface(std::uint8_t interface, std::uint8_t alternate) {
  return interface == 0 && alternate == 0 ? Outcome::done : Outcome::stall;
}

Outcome UsbLamp::control(const Setup& /*setup*/, Bytes& /*data*/) { return Outcome::stall; }

Outcome UsbLamp::bulk_out(ByteView data) {
  if (data.empty()) return Outcome::done;
  if (restarting_) return Outcome::vanish;  // nobody read the goodbye
  output_.clear();                          // a new question: nobody waits for an older answer
  append(input_, data);
  take_frame();
  return Outcome::done;
}

void UsbLamp::take_frame() {
  const auto answer = attempt([this]() -> std::optional<Response> {
    const auto size = frame_size(input_);
    if (!size || input_.size() < *size) return std::nullopt;
    const auto request = decode_request(input_);  // refuses what follows the frame, too
    return device_.answer(request);
  });
  const auto* error = std::get_if<Error>(&answer);
  const auto response =
      error != nullptr ? std::optional{unreadable(*error)} : std::get<std::optional<Response>>(answer);
  if (!response) return;
  input_.clear();
  output_ = encode(*response);
  restarting_ = std::holds_alternative<Resetting>(response->body);
  proves_lock_ = is_proof_of_lock(response->body);
}

Outcome UsbLamp::bulk_in(std::size_t most, Bytes& data) {
  if (output_.empty()) return Outcome::nak;
  const auto count = static_cast<std::ptrdiff_t>(std::min(most, output_.size()));
  data.assign(output_.begin(), output_.begin() + count);
  output_.erase(output_.begin(), output_.begin() + count);
  return output_.empty() && restarting_ ? Outcome::farewell : Outcome::done;
}

void UsbLamp::power_cycle() {
  device_.power_cycle();
  bus_reset();
  restarting_ = proves_lock_ = false;
}

void UsbLamp::clear_halt(std::uint8_t endpoint) { ((endpoint & 0x80U) != 0 ? output_ : input_).clear(); }

void UsbLamp::bus_reset() {
  input_.clear();
  output_.clear();
}

}  // namespace lamp::sim
