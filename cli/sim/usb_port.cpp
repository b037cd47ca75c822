#include "cli/sim/usb_port.hpp"

#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iterator>
#include <thread>

#include "cli/sim/usb_descriptors.hpp"
#include "lib/base/error.hpp"

namespace lamp::sim {

namespace {

constexpr std::uint32_t kCapabilities = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_BULK_CONTINUATION |
                                        USBDEVFS_CAP_NO_PACKET_SIZE_LIM | USBDEVFS_CAP_REAP_AFTER_DISCONNECT;
constexpr std::size_t kSetupSize = 8;
constexpr unsigned kToHost = 0x80;         // in an endpoint address
constexpr int kLargestTransfer = 1 << 20;  // usbfs itself stops at 16 MiB in all

/// The fake node is always ready for poll(), so a waiting program spins: this keeps the spinning cheap.
constexpr std::chrono::microseconds kBreath{200};

/// The part of the argument that the request's number declares.
IoctlData argument_of(UMockdevIoctlClient* client, unsigned long request) {
  const std::size_t size = _IOC_SIZE(request);
  if (size == 0) return {};
  return IoctlData{umockdev_ioctl_data_resolve(umockdev_ioctl_client_get_arg(client), 0, size, nullptr)};
}

usbdevfs_urb urb_of(const UMockdevIoctlData* data) {
  usbdevfs_urb urb;
  std::memcpy(&urb, data->data, sizeof urb);
  return urb;
}

Setup setup_of(const std::uint8_t* bytes) {
  const auto word = [bytes](unsigned at) { return static_cast<std::uint16_t>(bytes[at] | bytes[at + 1] << 8); };
  return {bytes[0], bytes[1], word(2), word(4), word(6)};
}

}  // namespace

void UsbPort::answer(UMockdevIoctlClient* client) noexcept {
  Result result{-1, EIO};
  {
    const std::lock_guard lock{mutex_};
    try {  // a C callback: nothing may leave it
      result = dispatch(client);
    } catch (...) {
      failure_ = std::current_exception();
      leave();
    }
  }
  umockdev_ioctl_client_complete(client, result.value, result.error);
}

UsbPort::Result UsbPort::dispatch(UMockdevIoctlClient* client) {
  const auto request = umockdev_ioctl_client_get_request(client);
  const auto argument = argument_of(client, request);
  const bool ends_transfers =
      request == USBDEVFS_REAPURB || request == USBDEVFS_REAPURBNDELAY || request == USBDEVFS_DISCARDURB;
  if (!present_ && !ends_transfers) return {-1, ENODEV};
  if (_IOC_SIZE(request) != 0 && !argument) return {-1, EFAULT};
  switch (request) {
    case USBDEVFS_GET_CAPABILITIES: std::memcpy(argument->data, &kCapabilities, sizeof kCapabilities); return {};
    case USBDEVFS_GETDRIVER: return {-1, ENODATA};
    case USBDEVFS_CLAIMINTERFACE: return claim(client);
    case USBDEVFS_RELEASEINTERFACE:
      if (claimed_by_ == client) claimed_by_ = nullptr;
      return {};
    case USBDEVFS_SETINTERFACE: return set_interface(*argument);
    case USBDEVFS_SETCONFIGURATION: return {};
    case USBDEVFS_CLEAR_HALT: return clear_halt(*argument);
    case USBDEVFS_RESET: device_.bus_reset(); return {};
    case USBDEVFS_SUBMITURB: return submit(client, argument.get());
    case USBDEVFS_DISCARDURB: return discard(client, umockdev_ioctl_client_get_arg(client));
    case USBDEVFS_REAPURB:
    case USBDEVFS_REAPURBNDELAY: return reap(client, argument.get());
    default: return {-1, ENOTTY};
  }
}

UsbPort::Result UsbPort::claim(UMockdevIoctlClient* client) {
  if (claimed_by_ != nullptr && claimed_by_ != client) return {-1, EBUSY};
  claimed_by_ = client;
  return {};
}

UsbPort::Result UsbPort::clear_halt(const UMockdevIoctlData& argument) {
  unsigned int endpoint = 0;
  std::memcpy(&endpoint, argument.data, sizeof endpoint);
  device_.clear_halt(static_cast<std::uint8_t>(endpoint));
  return {};
}

UsbPort::Result UsbPort::set_interface(const UMockdevIoctlData& argument) {
  usbdevfs_setinterface wanted{};
  std::memcpy(&wanted, argument.data, sizeof wanted);
  const auto outcome =
      device_.set_interface(static_cast<std::uint8_t>(wanted.interface), static_cast<std::uint8_t>(wanted.altsetting));
  return outcome == Outcome::done ? Result{} : Result{-1, EINVAL};
}

UsbPort::Result UsbPort::submit(UMockdevIoctlClient* client, UMockdevIoctlData* argument) {
  const auto urb = urb_of(argument);
  if (urb.buffer_length < 0 || urb.buffer_length > kLargestTransfer) return {-1, EINVAL};
  Transfer transfer{client, IoctlData{umockdev_ioctl_data_ref(argument)}, nullptr};
  if (urb.buffer_length > 0) {
    transfer.buffer.reset(umockdev_ioctl_data_resolve(argument, offsetof(usbdevfs_urb, buffer),
                                                      static_cast<std::size_t>(urb.buffer_length), nullptr));
    if (!transfer.buffer) return {-1, EFAULT};
  }
  pending_.push_back(std::move(transfer));
  run_pending();
  return {};
}

UsbPort::Result UsbPort::discard(UMockdevIoctlClient* client, UMockdevIoctlData* argument) {
  unsigned long address = 0;
  std::memcpy(&address, argument->data, sizeof address);
  const auto found = std::find_if(pending_.begin(), pending_.end(), [&](const Transfer& t) {
    return t.client == client && t.request->client_addr == address;
  });
  if (found == pending_.end()) return {-1, EINVAL};
  finish(found, -ENOENT, 0);
  return {};
}

UsbPort::Result UsbPort::reap(UMockdevIoctlClient* client, UMockdevIoctlData* argument) {
  run_pending();
  const auto found =
      std::find_if(finished_.begin(), finished_.end(), [client](const Transfer& t) { return t.client == client; });
  if (found == finished_.end()) {
    std::this_thread::sleep_for(kBreath);
    return {-1, present_ ? EAGAIN : ENODEV};
  }
  umockdev_ioctl_data_set_ptr(argument, 0, found->request.get());
  finished_.erase(found);
  return {};
}

void UsbPort::run_pending() {
  for (auto next = pending_.begin(); next != pending_.end();) {
    const auto current = next++;
    int moved = 0;
    const auto outcome = present_ ? run(*current, moved) : Outcome::vanish;
    switch (outcome) {
      case Outcome::nak: break;
      case Outcome::done: finish(current, 0, moved); break;
      case Outcome::farewell:
        leave();
        finish(current, 0, moved);
        break;
      case Outcome::stall: finish(current, -EPIPE, 0); break;
      case Outcome::vanish:
        leave();
        finish(current, -ESHUTDOWN, 0);
        break;
    }
  }
}

Outcome UsbPort::run(Transfer& transfer, int& moved) {
  const auto urb = urb_of(transfer.request.get());
  if (urb.type == USBDEVFS_URB_TYPE_CONTROL) return run_control(transfer, moved);
  if (urb.type != USBDEVFS_URB_TYPE_BULK) return Outcome::stall;
  const auto size = static_cast<std::size_t>(urb.buffer_length);
  if ((urb.endpoint & kToHost) == 0) {
    moved = urb.buffer_length;
    return device_.bulk_out(transfer.buffer ? ByteView{transfer.buffer->data, size} : ByteView{});
  }
  Bytes data;
  const auto outcome = device_.bulk_in(size, data);
  if (data.size() > size) return Outcome::stall;  // a babbling device
  if (!data.empty()) std::memcpy(transfer.buffer->data, data.data(), data.size());
  moved = static_cast<int>(data.size());
  return outcome;
}

Outcome UsbPort::run_control(Transfer& transfer, int& moved) {
  const auto size = static_cast<std::size_t>(urb_of(transfer.request.get()).buffer_length);
  if (size < kSetupSize) return Outcome::stall;
  std::uint8_t* const bytes = transfer.buffer->data;
  const auto setup = setup_of(bytes);
  const auto room = size - kSetupSize;
  if (room < setup.length) return Outcome::stall;
  Bytes data;
  if (!setup.to_host()) data.assign(bytes + kSetupSize, bytes + kSetupSize + setup.length);
  const auto outcome = setup.is_standard() ? standard_request(device_, setup, data) : device_.control(setup, data);
  moved = setup.length;
  if (setup.to_host()) {
    data.resize(std::min<std::size_t>(data.size(), setup.length));
    if (!data.empty()) std::memcpy(bytes + kSetupSize, data.data(), data.size());
    moved = static_cast<int>(data.size());
  }
  return outcome;
}

void UsbPort::finish(Transfers::iterator transfer, int status, int moved) {
  auto urb = urb_of(transfer->request.get());
  urb.status = status;
  urb.actual_length = moved;
  std::memcpy(transfer->request->data, &urb, sizeof urb);
  finished_.splice(finished_.end(), pending_, transfer);
}

void UsbPort::leave() {
  if (!std::exchange(present_, false)) return;
  claimed_by_ = nullptr;
  on_leave_();
}

void UsbPort::forget(UMockdevIoctlClient* client) noexcept {
  const std::lock_guard lock{mutex_};
  const auto its = [client](const Transfer& t) { return t.client == client; };
  std::erase_if(pending_, its);
  std::erase_if(finished_, its);
  if (claimed_by_ == client) claimed_by_ = nullptr;
}

void UsbPort::come_back() {
  const std::lock_guard lock{mutex_};
  pending_.clear();
  finished_.clear();
  device_.power_cycle();
  present_ = true;
}

void UsbPort::rethrow_failure() {
  const std::lock_guard lock{mutex_};
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

}  // namespace lamp::sim
