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

/// Between two questions to a device that has nothing to give and does not say until when.
constexpr std::chrono::milliseconds kBreath{5};

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

UsbPort::UsbPort(std::unique_ptr<UsbDevice> device, std::function<void()> on_leave, std::function<void()> on_finish)
    : on_leave_{std::move(on_leave)}, on_finish_{std::move(on_finish)}, device_{std::move(device)} {
  worker_ = std::jthread{[this](const std::stop_token& stop) { work(stop); }};
}

UsbPort::~UsbPort() = default;

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
  // As in the kernel, who has opened a device that left the bus does not meet the one that came.
  if (!is_of_this_life(client) && !ends_transfers) return {-1, ENODEV};
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
    case USBDEVFS_RESET: {
      const std::lock_guard working{working_};
      device_->bus_reset();
      return {};
    }
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
  const std::lock_guard working{working_};
  device_->clear_halt(static_cast<std::uint8_t>(endpoint));
  return {};
}

UsbPort::Result UsbPort::set_interface(const UMockdevIoctlData& argument) {
  usbdevfs_setinterface wanted{};
  std::memcpy(&wanted, argument.data, sizeof wanted);
  const std::lock_guard working{working_};
  const auto outcome =
      device_->set_interface(static_cast<std::uint8_t>(wanted.interface), static_cast<std::uint8_t>(wanted.altsetting));
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
  submitted_ = true;
  wake_.notify_one();
  return {};
}

UsbPort::Result UsbPort::discard(UMockdevIoctlClient* client, UMockdevIoctlData* argument) {
  unsigned long address = 0;
  std::memcpy(&address, argument->data, sizeof address);
  const auto is_it = [&](const Transfer& t) { return t.client == client && t.request->client_addr == address; };
  if (!running_.empty() && is_it(running_.front())) {
    running_.front().is_discarded = true;
    return {};
  }
  const auto found = std::find_if(pending_.begin(), pending_.end(), is_it);
  if (found == pending_.end()) return {-1, EINVAL};
  Transfers discarded;
  discarded.splice(discarded.end(), pending_, found);
  finish(discarded, -ENOENT, 0);
  return {};
}

UsbPort::Result UsbPort::reap(UMockdevIoctlClient* client, UMockdevIoctlData* argument) {
  const auto found =
      std::find_if(finished_.begin(), finished_.end(), [client](const Transfer& t) { return t.client == client; });
  if (found == finished_.end()) return {-1, is_of_this_life(client) ? EAGAIN : ENODEV};
  umockdev_ioctl_data_set_ptr(argument, 0, found->request.get());
  finished_.erase(found);
  ring();
  return {};
}

void UsbPort::work(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (wake_.wait(lock, stop, [this] { return !pending_.empty(); }) && !stop.stop_requested()) {
    submitted_ = false;
    run_pending(lock);
    if (pending_.empty()) continue;
    const auto soon = std::chrono::steady_clock::now() + kBreath;
    lock.unlock();
    const auto busy_until = [this] {
      const std::lock_guard working{working_};
      return device_->busy_until();
    }();
    lock.lock();
    const auto again = busy_until > std::chrono::steady_clock::now() ? busy_until : soon;
    (void)wake_.wait_until(lock, stop, again, [this] { return submitted_; });
  }
}

/// Each once: what got a nak stays, and what waits behind it on the same endpoint.
void UsbPort::run_pending(std::unique_lock<std::mutex>& lock) {
  ++round_;
  nothing_yet_.clear();
  while (take_next(round_)) run_one(lock);
}

bool UsbPort::take_next(unsigned round) {
  const auto found = std::find_if(pending_.begin(), pending_.end(), [&](const Transfer& t) {
    return t.round != round && !nothing_yet_.contains(urb_of(t.request.get()).endpoint);
  });
  if (found == pending_.end()) return false;
  found->round = round;
  running_.splice(running_.end(), pending_, found);
  return true;
}

void UsbPort::run_one(std::unique_lock<std::mutex>& lock) {
  auto& transfer = running_.front();
  const auto life = life_;
  int moved = 0;
  auto outcome = Outcome::vanish;
  std::exception_ptr failure;
  bool is_through = false;
  if (present_) {
    lock.unlock();
    const std::lock_guard working{working_};
    try {  // in the port's own thread: nothing may leave it
      outcome = run(transfer, moved);
      is_through = device_->is_finished();
    } catch (...) {
      failure = std::current_exception();
    }
  }
  if (!lock.owns_lock()) lock.lock();
  if (failure) failure_ = failure;
  if (life != life_) return settle(Outcome::nak, 0);  // it was pulled out meanwhile, and something is there again
  settle(outcome, moved);
  if (is_through && !std::exchange(is_finished_, true)) on_finish_();
}

void UsbPort::settle(Outcome outcome, int moved) {
  auto& transfer = running_.front();
  if (transfer.client != nullptr && !is_of_this_life(transfer.client)) return finish(running_, -ESHUTDOWN, 0);
  if (transfer.client == nullptr) {  // nobody waits for it any more
    running_.clear();
    if (outcome == Outcome::farewell || outcome == Outcome::vanish) leave();
    return;
  }
  switch (outcome) {
    case Outcome::nak:
      if (transfer.is_discarded || !present_) return finish(running_, present_ ? -ENOENT : -ESHUTDOWN, 0);
      nothing_yet_.insert(urb_of(transfer.request.get()).endpoint);
      pending_.splice(pending_.begin(), running_);
      return;
    case Outcome::done: return finish(running_, 0, moved);
    case Outcome::farewell: finish(running_, 0, moved); return leave();
    case Outcome::stall: return finish(running_, -EPIPE, 0);
    case Outcome::vanish: finish(running_, -ESHUTDOWN, 0); return leave();
  }
}

Outcome UsbPort::run(Transfer& transfer, int& moved) {
  const auto urb = urb_of(transfer.request.get());
  if (urb.type == USBDEVFS_URB_TYPE_CONTROL) return run_control(transfer, moved);
  if (urb.type != USBDEVFS_URB_TYPE_BULK) return Outcome::stall;
  const auto size = static_cast<std::size_t>(urb.buffer_length);
  if ((urb.endpoint & kToHost) == 0) {
    moved = urb.buffer_length;
    return device_->bulk_out(transfer.buffer ? ByteView{transfer.buffer->data, size} : ByteView{});
  }
  Bytes data;
  const auto outcome = device_->bulk_in(size, data);
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
  const auto outcome = setup.is_standard() ? standard_request(*device_, setup, data) : device_->control(setup, data);
  moved = setup.length;
  if (setup.to_host()) {
    data.resize(std::min<std::size_t>(data.size(), setup.length));
    if (!data.empty()) std::memcpy(bytes + kSetupSize, data.data(), data.size());
    moved = static_cast<int>(data.size());
  }
  return outcome;
}

/// The first of `from`.
void UsbPort::finish(Transfers& from, int status, int moved) {
  auto& transfer = from.front();
  auto urb = urb_of(transfer.request.get());
  urb.status = status;
  urb.actual_length = moved;
  std::memcpy(transfer.request->data, &urb, sizeof urb);
  finished_.splice(finished_.end(), from, from.begin());
  ring();
}

/// The node tells of no disconnection: whatever is pending ends, so that whoever waits for it wakes up.
void UsbPort::leave() {
  if (!std::exchange(present_, false)) return;
  claimed_by_ = nullptr;
  while (!pending_.empty()) finish(pending_, -ESHUTDOWN, 0);
  on_leave_();
}

void UsbPort::ring() {
  if (!bell_) return;
  if (finished_.empty())
    bell_->be_silent();
  else
    bell_->ring();
}

void UsbPort::give_bell(std::unique_ptr<Doorbell> bell) {
  const std::lock_guard lock{mutex_};
  bell_ = std::move(bell);
}

void UsbPort::hang_bell(const std::filesystem::path& node) {
  const std::lock_guard lock{mutex_};
  if (bell_) bell_->hang_at(node);
}

/// Of a device that is here, opened since it came.
bool UsbPort::is_of_this_life(UMockdevIoctlClient* client) {
  return life_of_.try_emplace(client, life_).first->second == life_ && present_;
}

UsbDescriptors UsbPort::descriptors() {
  const std::lock_guard working{working_};
  return device_->descriptors();
}

bool UsbPort::comes_back() {
  const std::lock_guard working{working_};
  return device_->comes_back();
}

void UsbPort::greet(UMockdevIoctlClient* client) noexcept {
  forget(client);
  const std::lock_guard lock{mutex_};
  life_of_[client] = life_;
}

void UsbPort::forget(UMockdevIoctlClient* client) noexcept {
  const std::lock_guard lock{mutex_};
  const auto its = [client](const Transfer& t) { return t.client == client; };
  std::erase_if(pending_, its);
  std::erase_if(finished_, its);
  if (!running_.empty() && its(running_.front())) running_.front().client = nullptr;
  if (claimed_by_ == client) claimed_by_ = nullptr;
  life_of_.erase(client);
  ring();
}

/// What ended with the life before is still to be reaped: who waits for it would wait for ever.
void UsbPort::begin_life() {
  is_finished_ = false;
  present_ = true;
  ++life_;
  const auto is_long_over = [this](const Transfer& t) {
    const auto opened = life_of_.find(t.client);
    return opened == life_of_.end() || opened->second + 1 < life_;
  };
  std::erase_if(finished_, is_long_over);
  ring();
}

void UsbPort::come_back() {
  {
    const std::lock_guard working{working_};
    device_->power_cycle();
  }
  const std::lock_guard lock{mutex_};
  begin_life();
}

void UsbPort::pull_out() {
  const std::lock_guard lock{mutex_};
  if (!std::exchange(present_, false)) return;
  claimed_by_ = nullptr;
  while (!pending_.empty()) finish(pending_, -ESHUTDOWN, 0);
}

void UsbPort::put_in(std::unique_ptr<UsbDevice> device) {
  {
    const std::lock_guard working{working_};
    device_ = std::move(device);
  }
  const std::lock_guard lock{mutex_};
  begin_life();
}

void UsbPort::rethrow_failure() {
  const std::lock_guard lock{mutex_};
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

}  // namespace lamp::sim
