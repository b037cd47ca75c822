#include "cli/sim/usbip_session.hpp"

#include <algorithm>
#include <bitset>
#include <utility>

#include "cli/sim/usb_descriptors.hpp"

namespace lamp::sim {

namespace {

enum : std::uint8_t { kClearFeatureRequest = 1, kSetConfiguration = 9 };
constexpr std::uint8_t kOfEndpoint = 0x02;  // recipient, towards the device
constexpr std::uint16_t kEndpointHalt = 0;  // feature selector, USB 2.0 table 9-6
constexpr std::size_t kEndpointAddresses = 256;

usbip::Status status_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::stall: return usbip::Status::stalled;
    case Outcome::vanish: return usbip::Status::gone;
    default: return usbip::Status::done;
  }
}

}  // namespace

void UsbipSession::receive(ByteView bytes) {
  append(input_, bytes);
  while (!left_ && take_message()) run_pending();
  run_pending();  // what the last message answers may have been asked before it
}

/// False when more bytes are needed.
bool UsbipSession::take_message() {
  if (input_.size() < usbip::kHeaderSize) return false;
  const auto command = usbip::decode_command(ByteView{input_}.first(usbip::kHeaderSize), device_id_);
  const auto size = usbip::kHeaderSize + usbip::data_size(command);
  if (input_.size() < size) return false;
  const auto data = ByteView{input_}.subspan(usbip::kHeaderSize, size - usbip::kHeaderSize);
  if (const auto* submit = std::get_if<usbip::Submit>(&command))
    pending_.push_back({*submit, Bytes{data.begin(), data.end()}});
  else
    unlink(std::get<usbip::Unlink>(command));
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(size));
  return true;
}

/// A transfer that was answered already cannot be taken back; the host sees by the status that it was.
void UsbipSession::unlink(const usbip::Unlink& command) {
  const auto removed =
      std::erase_if(pending_, [&](const Transfer& transfer) { return transfer.submit.sequence == command.victim; });
  append(output_,
         usbip::encode_unlinked(command.sequence, removed != 0 ? usbip::Status::unlinked : usbip::Status::done));
}

/// Transfers of one endpoint keep their order: what waits holds up those behind it.
void UsbipSession::run_pending() {
  std::bitset<kEndpointAddresses> held_up;
  for (auto next = pending_.begin(); next != pending_.end();) {
    const auto current = next++;
    const auto endpoint = current->submit.endpoint;
    if (held_up[endpoint]) continue;
    const auto outcome = left_ ? Outcome::vanish : run(*current);
    if (outcome == Outcome::nak)
      held_up.set(endpoint);
    else
      finish(current, outcome);
  }
}

Outcome UsbipSession::run(Transfer& transfer) {
  const auto& submit = transfer.submit;
  if ((submit.endpoint & ~usbip::kToHost) == 0) return run_control(transfer);
  if (!submit.to_host()) return device_.bulk_out(transfer.data);
  transfer.data.clear();
  const auto outcome = device_.bulk_in(submit.length, transfer.data);
  return transfer.data.size() > submit.length ? Outcome::stall : outcome;  // a babbling device
}

Outcome UsbipSession::run_control(Transfer& transfer) {
  const auto& setup = transfer.submit.setup;
  if (setup.to_host()) transfer.data.clear();
  const auto outcome = setup.is_standard() ? run_standard(setup, transfer.data) : device_.control(setup, transfer.data);
  if (setup.to_host()) transfer.data.resize(std::min<std::size_t>(transfer.data.size(), setup.length));
  return outcome;
}

/// What usbfs does by an ioctl comes as a request here. A configuration starts all endpoints afresh (USB 2.0 9.1.1.5).
Outcome UsbipSession::run_standard(const Setup& setup, Bytes& data) {
  if (setup.type == kOfEndpoint && setup.request == kClearFeatureRequest && setup.value == kEndpointHalt) {
    device_.clear_halt(static_cast<std::uint8_t>(setup.index));
    return Outcome::done;
  }
  if (setup.request == kSetConfiguration && !setup.to_host()) {
    device_.bus_reset();
    configured_ = setup.value != 0;
  }
  return standard_request(device_, setup, data);
}

void UsbipSession::finish(Transfers::iterator transfer, Outcome outcome) {
  const auto& submit = transfer->submit;
  const bool to_host = submit.endpoint == 0 ? submit.setup.to_host() : submit.to_host();
  const auto status = status_of(outcome);
  const bool moved = status == usbip::Status::done;
  const ByteView data = moved && to_host ? ByteView{transfer->data} : ByteView{};
  append(output_, usbip::encode_submitted(submit.sequence, status, moved ? transfer->data.size() : 0, data));
  pending_.erase(transfer);
  if (outcome == Outcome::farewell || outcome == Outcome::vanish) left_ = true;
}

}  // namespace lamp::sim
