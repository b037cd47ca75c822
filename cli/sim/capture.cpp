#include "cli/sim/capture.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>
#include <type_traits>

namespace lamp::sim {

namespace {

constexpr std::uint32_t kLinkType = 220;  // LINKTYPE_USB_LINUX_MMAPPED
constexpr std::uint32_t kUsbmonLongest = 1U << 20;
constexpr std::uint8_t kUsbmonControl = 2, kUsbmonBulk = 3;  // transfer types of usbmon
constexpr std::uint8_t kUsbmonIn = 0x80, kUsbmonOut = 0x01, kUsbmonBulkIn = 0x81;
constexpr std::uint16_t kUsbmonBus = 1;
constexpr std::uint8_t kClearFeatureOf = 1, kRecipientEndpoint = 0x02;

/// In the host's byte order, which a reader sees by the magic.
struct FileHead {
  std::uint32_t magic = 0xa1b2c3d4;
  std::uint16_t major = 2, minor = 4;
  std::int32_t zone = 0;
  std::uint32_t accuracy = 0, longest = kUsbmonLongest, link_type = kLinkType;
};
static_assert(sizeof(FileHead) == 24);

/// struct usbmon_packet, behind the record's own head.
struct Record {
  std::uint32_t seconds = 0, microseconds = 0, captured = 0, original = 0;
  std::uint64_t transfer = 0;
  char event = 0;
  std::uint8_t kind = 0, endpoint = 0, device = 0;
  std::uint16_t bus = kUsbmonBus;
  char no_setup = '-', no_data = 0;
  std::int64_t urb_seconds = 0;
  std::int32_t urb_microseconds = 0, status = 0;
  std::uint32_t length = 0, data_length = 0;
  std::uint8_t setup[8] = {};
  std::int32_t interval = 0, start_frame = 0;
  std::uint32_t flags = 0, descriptors = 0;
};
constexpr std::size_t kRecordHead = 16, kPacketHead = 64;
static_assert(sizeof(Record) == kRecordHead + kPacketHead);

template <class T>
ByteView bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

void copy_setup(const Setup& from, std::uint8_t (&to)[8]) {
  const std::uint16_t words[3] = {from.value, from.index, from.length};
  to[0] = from.type;
  to[1] = from.request;
  for (std::size_t i = 0; i < 3; ++i) {
    to[2 + 2 * i] = static_cast<std::uint8_t>(words[i]);
    to[3 + 2 * i] = static_cast<std::uint8_t>(words[i] >> 8);
  }
}

std::int32_t status_after(Outcome outcome) {
  switch (outcome) {
    case Outcome::stall: return -EPIPE;
    case Outcome::vanish: return -ESHUTDOWN;
    default: return 0;
  }
}

constexpr std::int32_t kInProgress = -EINPROGRESS;

}  // namespace

Capture::Capture(std::filesystem::path file)
    : path_{std::move(file)}, file_{::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)} {
  if (file_.get() < 0) posix::fail(path_, errno);
  posix::write_all(file_, bytes_of(FileHead{}), path_);
}

void Capture::write(Event event, const Packet& packet) {
  using namespace std::chrono;
  const std::lock_guard lock{writing_};  // in the order of time
  const auto now = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  constexpr std::int64_t million = 1'000'000;
  Record record;
  record.seconds = static_cast<std::uint32_t>(now / million);
  record.microseconds = static_cast<std::uint32_t>(now % million);
  record.captured = static_cast<std::uint32_t>(kPacketHead + packet.data.size());
  record.original = record.captured;
  record.transfer = packet.transfer;
  record.event = static_cast<char>(event);
  record.kind = (packet.endpoint & ~kUsbmonIn) == 0 ? kUsbmonControl : kUsbmonBulk;
  record.endpoint = packet.endpoint;
  record.device = packet.device;
  record.urb_seconds = now / million;
  record.urb_microseconds = static_cast<std::int32_t>(now % million);
  record.status = packet.status;
  record.length = packet.length;
  record.data_length = static_cast<std::uint32_t>(packet.data.size());
  if (packet.data.empty()) record.no_data = (packet.endpoint & kUsbmonIn) != 0 ? '<' : '>';
  if (packet.setup != nullptr) {
    record.no_setup = 0;
    copy_setup(*packet.setup, record.setup);
  }
  Bytes bytes;
  append(bytes, bytes_of(record));
  append(bytes, packet.data);
  posix::write_all(file_, bytes, path_);
}

Capture::Packet CapturedCable::packet(std::uint8_t endpoint) const {
  Capture::Packet packet;
  packet.endpoint = endpoint;
  packet.device = address_;
  return packet;
}

Outcome CapturedCable::control(const Setup& setup, Bytes& data) {
  auto one = packet(setup.to_host() ? kUsbmonIn : 0);
  one.transfer = capture_.next_transfer();
  one.setup = &setup;
  one.status = kInProgress;
  one.length = setup.length;
  one.data = setup.to_host() ? ByteView{} : ByteView{data};
  capture_.write(Capture::Event::submitted, one);
  const auto outcome = UsbWrapper::control(setup, data);
  one.setup = nullptr;
  one.status = status_after(outcome);
  one.data = setup.to_host() ? ByteView{data} : ByteView{};
  one.length = static_cast<std::uint32_t>(data.size());
  capture_.write(Capture::Event::completed, one);
  return outcome;
}

Outcome CapturedCable::bulk_out(ByteView data) {
  auto one = packet(kUsbmonOut);
  one.transfer = capture_.next_transfer();
  one.status = kInProgress;
  one.length = static_cast<std::uint32_t>(data.size());
  one.data = data;
  capture_.write(Capture::Event::submitted, one);
  const auto outcome = UsbWrapper::bulk_out(data);
  one.status = status_after(outcome);
  one.data = {};
  capture_.write(Capture::Event::completed, one);
  return outcome;
}

/// A transfer that the device lets wait is asked again and again, and written down once.
Outcome CapturedCable::bulk_in(std::size_t most, Bytes& data) {
  auto one = packet(kUsbmonBulkIn);
  if (waiting_ == 0) {
    waiting_ = one.transfer = capture_.next_transfer();
    one.status = kInProgress;
    one.length = static_cast<std::uint32_t>(most);
    capture_.write(Capture::Event::submitted, one);
  }
  const auto outcome = UsbWrapper::bulk_in(most, data);
  if (outcome == Outcome::nak) return outcome;
  one.transfer = std::exchange(waiting_, 0);
  one.status = status_after(outcome);
  one.length = static_cast<std::uint32_t>(data.size());
  one.data = data;
  capture_.write(Capture::Event::completed, one);
  return outcome;
}

void CapturedCable::clear_halt(std::uint8_t endpoint) {
  const Setup setup{kRecipientEndpoint, kClearFeatureOf, 0, endpoint, 0};
  auto one = packet(0);
  one.transfer = capture_.next_transfer();
  one.setup = &setup;
  one.status = kInProgress;
  capture_.write(Capture::Event::submitted, one);
  UsbWrapper::clear_halt(endpoint);
  one.setup = nullptr;
  one.status = 0;
  capture_.write(Capture::Event::completed, one);
  if ((endpoint & kUsbmonIn) != 0) waiting_ = 0;
}

}  // namespace lamp::sim
