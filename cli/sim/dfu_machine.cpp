#include "cli/sim/dfu_machine.hpp"

#include <algorithm>

namespace lamp::sim {

namespace {

using std::chrono::milliseconds;

enum class DfuRequest : std::uint8_t {
  dnload = 1,
  upload = 2,
  get_status = 3,
  clear_status = 4,
  get_state = 5,
  abort = 6
};
constexpr std::uint8_t kSetPointer = 0x21, kErase = 0x41, kReadUnprotect = 0x92;  // AN3156

constexpr std::uint32_t kFirstDataBlock = 2;  // AN3156: 0 is for commands, 1 is not used
constexpr milliseconds kForPointer{1}, kForBlock{4}, kForPage{12}, kForAll{60};

std::uint32_t address_in(const Bytes& command) {
  std::uint32_t address = 0;
  for (std::size_t i = 0; i < 4; ++i) address |= std::uint32_t{command[1 + i]} << (8 * i);
  return address;
}

DfuStatus status_of(Stm32Memory::Write write) {
  switch (write) {
    case Stm32Memory::Write::done: return DfuStatus::ok;
    case Stm32Memory::Write::no_such_memory: return DfuStatus::target;
    case Stm32Memory::Write::not_erased: break;
  }
  return DfuStatus::prog;
}

}  // namespace

Outcome DfuMachine::control(const Setup& setup, Bytes& data) {
  const bool is_class_to_interface = (setup.type & 0x7fU) == 0x21;
  if (!is_class_to_interface || setup.index != 0) return stall();
  switch (static_cast<DfuRequest>(setup.request)) {
    case DfuRequest::dnload: return download(setup, data);
    case DfuRequest::upload: return upload(setup, data);
    case DfuRequest::get_status: return status(data);
    case DfuRequest::get_state: data = {static_cast<std::uint8_t>(state_)}; return Outcome::done;
    case DfuRequest::abort: return abort();
    case DfuRequest::clear_status:
      if (state_ != DfuState::error) return stall();
      state_ = DfuState::idle;
      status_ = DfuStatus::ok;
      return Outcome::done;
    default: return stall();  // also DETACH: it is in DFU mode already
  }
}

void DfuMachine::reset() {
  state_ = DfuState::idle;
  status_ = DfuStatus::ok;
  pointer_ = Stm32Memory::kFlash;
  data_.clear();
  started_ = resets_ = false;
}

Outcome DfuMachine::stall() {
  state_ = DfuState::error;
  status_ = DfuStatus::stalled_packet;
  return Outcome::stall;
}

Outcome DfuMachine::download(const Setup& setup, const Bytes& data) {
  const bool may = state_ == DfuState::idle || state_ == DfuState::dnload_idle;
  if (!may || setup.length > kTransferSize) return stall();
  block_ = setup.value;
  data_ = data;
  state_ = data.empty() ? DfuState::manifest_sync : DfuState::dnload_sync;
  return Outcome::done;
}

Outcome DfuMachine::upload(const Setup& setup, Bytes& data) {
  const bool may = state_ == DfuState::idle || state_ == DfuState::upload_idle;
  if (!may || setup.length > kTransferSize || setup.value == 1) return stall();
  if (setup.value == 0) {
    data = {0x00, kSetPointer, kErase, kReadUnprotect};
    state_ = DfuState::idle;  // a short frame ends an upload
    return Outcome::done;
  }
  if (memory_.protection() != Stm32Memory::Protection::none) {
    (void)stall();
    status_ = DfuStatus::vendor;
    return Outcome::stall;
  }
  const auto address = pointer_ + (setup.value - kFirstDataBlock) * kTransferSize;
  auto bytes = memory_.read(address, setup.length);
  if (!bytes) {
    (void)stall();
    status_ = DfuStatus::address;
    return Outcome::stall;
  }
  data = std::move(*bytes);
  state_ = DfuState::upload_idle;
  return Outcome::done;
}

/// A command begins when the host asks for its status, takes its time, and ends at a later question: a host that asks
/// too early is told to wait on.
Outcome DfuMachine::status(Bytes& data) {
  const auto now = Clock::now();
  if (state_ == DfuState::dnload_sync) {
    busy_until_ = now + duration();
    state_ = DfuState::dnbusy;
    data = report(state_, duration());
    return Outcome::done;
  }
  if (state_ == DfuState::dnbusy && now < busy_until_) {
    const auto left = std::chrono::ceil<milliseconds>(busy_until_ - now);
    data = report(state_, left);
    return Outcome::done;
  }
  if (state_ == DfuState::dnbusy) execute();
  if (state_ == DfuState::manifest_sync) {
    started_ = true;
    data = report(DfuState::manifest, milliseconds{0});
    return Outcome::farewell;
  }
  data = report(state_, milliseconds{0});
  return resets_ ? Outcome::farewell : Outcome::done;
}

Outcome DfuMachine::abort() {
  const bool may = state_ == DfuState::idle || state_ == DfuState::dnload_sync || state_ == DfuState::dnload_idle ||
                   state_ == DfuState::manifest_sync || state_ == DfuState::upload_idle;
  if (!may) return stall();
  state_ = DfuState::idle;
  return Outcome::done;
}

void DfuMachine::execute() {
  status_ = block_ == 0 ? command() : write_block();
  state_ = status_ == DfuStatus::ok ? DfuState::dnload_idle : DfuState::error;
  data_.clear();
}

DfuStatus DfuMachine::command() {
  const bool has_address = data_.size() == 5;
  const bool is_protected = memory_.protection() != Stm32Memory::Protection::none;
  if (data_[0] == kReadUnprotect && data_.size() == 1) {
    memory_.unprotect();
    resets_ = true;
    return DfuStatus::ok;
  }
  if (is_protected) return DfuStatus::vendor;
  if (data_[0] == kSetPointer && has_address) {
    if (!memory_.read(address_in(data_), 1)) return DfuStatus::target;
    pointer_ = address_in(data_);
    return DfuStatus::ok;
  }
  if (data_[0] == kErase && has_address) return status_of(memory_.erase_page(address_in(data_)));
  if (data_[0] == kErase && data_.size() == 1) {
    memory_.erase_all();
    return DfuStatus::ok;
  }
  return DfuStatus::stalled_packet;
}

DfuStatus DfuMachine::write_block() {
  if (block_ < kFirstDataBlock) return DfuStatus::stalled_packet;
  if (memory_.protection() != Stm32Memory::Protection::none) return DfuStatus::vendor;
  const auto address = pointer_ + (block_ - kFirstDataBlock) * kTransferSize;
  return status_of(memory_.program(address, data_));
}

milliseconds DfuMachine::duration() const {
  if (block_ != 0) return kForBlock;
  if (data_[0] == kSetPointer) return kForPointer;
  return data_.size() == 5 ? kForPage : kForAll;
}

/// Section 6.1.2.
Bytes DfuMachine::report(DfuState state, milliseconds poll) const {
  const auto wait = static_cast<std::uint32_t>(std::max<std::int64_t>(poll.count(), 0));
  return {static_cast<std::uint8_t>(status_),    static_cast<std::uint8_t>(wait),  static_cast<std::uint8_t>(wait >> 8),
          static_cast<std::uint8_t>(wait >> 16), static_cast<std::uint8_t>(state), 0};
}

}  // namespace lamp::sim
