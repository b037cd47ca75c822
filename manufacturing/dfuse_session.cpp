#include "manufacturing/dfuse_session.hpp"

#include <algorithm>
#include <optional>

#include "lib/base/error.hpp"

namespace lamp::manufacturing {
namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t kDfuseVersion = 0x011a, kFirstDataBlock = 2;
constexpr std::uint8_t kSetPointer = 0x21, kErase = 0x41;
constexpr milliseconds kLongestBusy{40'000};  // the mass erase of a large part

std::string at(std::uint32_t address) {
  const Bytes big_endian{static_cast<std::uint8_t>(address >> 24), static_cast<std::uint8_t>(address >> 16),
                         static_cast<std::uint8_t>(address >> 8), static_cast<std::uint8_t>(address)};
  return "0x" + hex(big_endian);
}

}  // namespace

DfuseSession::DfuseSession(DfuPort& port, Wait wait) : port_{port}, wait_{std::move(wait)} {
  const auto& its = port_.description();
  if (its.version != kDfuseVersion || its.transfer_size == 0 || its.alternates.empty())
    throw Error{Errc::denied, "the part's boot loader does not speak ST's extension of DFU"};
  for (const auto& name : its.alternates) memories_.push_back(parse_dfuse_layout(name));
}

std::size_t DfuseSession::index_of(std::uint32_t address) const {
  const auto found = std::find_if(memories_.begin(), memories_.end(),
                                  [&](const DfuseMemory& memory) { return memory.find(address, 1) != nullptr; });
  if (found == memories_.end()) throw Error{Errc::denied, "the part names no memory at " + at(address)};
  return static_cast<std::size_t>(found - memories_.begin());
}

/// Registers, such as the unique id, belong to no named memory: any will do.
void DfuseSession::select_for(std::uint32_t address) {
  const bool is_named = std::any_of(memories_.begin(), memories_.end(),
                                    [&](const DfuseMemory& memory) { return memory.find(address, 1) != nullptr; });
  port_.select(static_cast<std::uint8_t>(is_named ? index_of(address) : 0));
}

void DfuseSession::to_idle() {
  const auto status = parse_dfu_status(port_.status());
  if (status.state == DfuDeviceState::error)
    port_.clear_status();
  else if (status.state == DfuDeviceState::dnbusy)
    await("what an earlier program began");
  if (status.state != DfuDeviceState::error && status.state != DfuDeviceState::idle) port_.abort();
}

void DfuseSession::await(const std::string& doing) {
  for (milliseconds waited{0}; waited <= kLongestBusy;) {
    const auto status = parse_dfu_status(port_.status());
    if (status.state == DfuDeviceState::error) {
      port_.clear_status();
      throw Error{Errc::denied, doing + ": the part says " + std::string{dfu_status_name(status.code)}};
    }
    if (status.state == DfuDeviceState::dnload_idle) return;
    if (status.state != DfuDeviceState::dnbusy && status.state != DfuDeviceState::dnload_sync)
      throw Error{Errc::bad_input, doing + ": the part is in a state that does not follow"};
    const auto pause = std::clamp(status.poll, milliseconds{1}, kLongestBusy);
    wait_(pause);
    waited += pause;
  }
  throw Error{Errc::unavailable, doing + ": the part does not get ready"};
}

void DfuseSession::command(std::uint8_t code, std::uint32_t address, const char* doing) {
  Bytes request{code};
  for (unsigned shift = 0; shift < 32; shift += 8) request.push_back(static_cast<std::uint8_t>(address >> shift));
  port_.download(0, request);
  await(doing + (" " + at(address)));
}

void DfuseSession::point_to(std::uint32_t address) { command(kSetPointer, address, "choosing address"); }

SecureBytes DfuseSession::read(std::uint32_t address, std::size_t size) {
  select_for(address);
  to_idle();
  point_to(address);
  port_.abort();  // an upload begins in idle
  SecureBytes all;
  const std::size_t most = port_.description().transfer_size;
  for (std::uint16_t block = kFirstDataBlock; all.size() < size; ++block) {
    const auto want = std::min(most, size - all.size());
    const auto piece = port_.upload(block, want);
    all.insert(all.end(), piece.begin(), piece.end());
    if (piece.size() < want) break;
  }
  if (all.size() != size)
    throw Error{Errc::unavailable, "reading " + at(address) + ": the part gave less than asked for"};
  to_idle();
  return all;
}

void DfuseSession::erase(std::uint32_t address, std::size_t size) {
  const auto* region = memory_of(address).find(address, size);
  if (region == nullptr || !region->erasable || (address - region->address) % region->page_size != 0 ||
      size % region->page_size != 0)
    throw Error{Errc::denied, "the part has no whole pages of " + std::to_string(size) + " bytes at " + at(address)};
  select_for(address);
  to_idle();
  for (std::size_t offset = 0; offset < size; offset += region->page_size)
    command(kErase, address + static_cast<std::uint32_t>(offset), "erasing page");
  to_idle();
}

void DfuseSession::write(std::uint32_t address, ByteView bytes) {
  const auto* region = memory_of(address).find(address, bytes.size());
  if (region == nullptr || !region->writable)
    throw Error{Errc::denied,
                "the part does not let " + std::to_string(bytes.size()) + " bytes be written at " + at(address)};
  select_for(address);
  to_idle();
  point_to(address);
  const std::size_t most = port_.description().transfer_size;
  std::uint16_t block = kFirstDataBlock;
  for (std::size_t offset = 0; offset < bytes.size(); offset += most, ++block) {
    port_.download(block, bytes.subspan(offset, std::min(most, bytes.size() - offset)));
    await("writing " + at(address));
  }
  to_idle();
}

void DfuseSession::leave(std::uint32_t address) {
  select_for(address);
  to_idle();
  point_to(address);
  port_.download(0, {});
  // The part may answer that it leaves, or be gone.
  const auto goodbye = attempt([&] { return port_.status(); });
  const auto* error = std::get_if<Error>(&goodbye);
  if (error != nullptr && error->code() != Errc::unavailable) rethrow(*error);
}

}  // namespace lamp::manufacturing
