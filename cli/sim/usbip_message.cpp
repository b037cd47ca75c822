#include "cli/sim/usbip_message.hpp"

#include <string>

#include "lib/base/error.hpp"

namespace lamp::sim::usbip {

namespace {

enum : std::uint32_t { kCmdSubmit = 1, kCmdUnlink = 2, kRetSubmit = 3, kRetUnlink = 4 };
enum : std::size_t { kCommandAt = 0, kSequenceAt = 4, kDeviceAt = 8, kDirectionAt = 12, kEndpointAt = 16 };
enum : std::size_t { kVictimAt = 20, kLengthAt = 24, kPacketsAt = 32, kSetupAt = 40 };  // of Submit but the first
enum : std::size_t { kStatusAt = 20, kActualAt = 24, kReturnedPacketsAt = 32 };
constexpr std::uint32_t kNotIsochronous = 0xFFFFFFFF;
constexpr std::uint32_t kLastEndpoint = 15;

[[noreturn]] void malformed(const std::string& why) {
  throw Error{Errc::bad_input, "malformed USB/IP message: " + why};
}

std::uint32_t word_at(ByteView bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at]) << 24 | static_cast<std::uint32_t>(bytes[at + 1]) << 16 |
         static_cast<std::uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

void put_word(Bytes& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

/// Little-endian, as on the wire of USB.
Setup setup_at(ByteView bytes, std::size_t at) {
  const auto half = [&](std::size_t i) {
    return static_cast<std::uint16_t>(bytes[at + i] | static_cast<unsigned>(bytes[at + i + 1]) << 8);
  };
  return {bytes[at], bytes[at + 1], half(2), half(4), half(6)};
}

Submit decode_submit(ByteView header) {
  const auto direction = word_at(header, kDirectionAt), endpoint = word_at(header, kEndpointAt);
  if (direction > 1) malformed("direction " + std::to_string(direction));
  if (endpoint > kLastEndpoint) malformed("endpoint " + std::to_string(endpoint));
  Submit submit;
  submit.sequence = word_at(header, kSequenceAt);
  submit.endpoint = static_cast<std::uint8_t>(endpoint | (direction == 1 ? kToHost : 0U));
  submit.length = word_at(header, kLengthAt);
  if (submit.length > kLargestTransfer) malformed("a transfer of " + std::to_string(submit.length) + " bytes");
  const auto packets = word_at(header, kPacketsAt);
  if (packets != 0 && packets != kNotIsochronous) malformed("an isochronous transfer");
  if (endpoint != 0) return submit;
  submit.setup = setup_at(header, kSetupAt);
  // Without a data stage the direction says nothing (USB 2.0 section 9.3.1).
  if (submit.setup.length != submit.length) malformed("setup packet and transfer differ in length");
  if (submit.length != 0 && submit.setup.to_host() != submit.to_host())
    malformed("setup packet and transfer differ in direction");
  return submit;
}

}  // namespace

Command decode_command(ByteView header, std::uint32_t device_id) {
  if (header.size() != kHeaderSize) malformed("a header of " + std::to_string(header.size()) + " bytes");
  if (word_at(header, kDeviceAt) != device_id) malformed("for another device");
  switch (const auto command = word_at(header, kCommandAt)) {
    case kCmdSubmit: return decode_submit(header);
    case kCmdUnlink: return Unlink{word_at(header, kSequenceAt), word_at(header, kVictimAt)};
    default: malformed("command " + std::to_string(command));
  }
}

std::size_t data_size(const Command& command) noexcept {
  const auto* submit = std::get_if<Submit>(&command);
  return submit != nullptr && !submit->to_host() ? submit->length : 0;
}

Bytes encode_submitted(std::uint32_t sequence, Status status, std::size_t moved, ByteView data) {
  Bytes message(kHeaderSize);
  put_word(message, kCommandAt, kRetSubmit);
  put_word(message, kSequenceAt, sequence);
  put_word(message, kStatusAt, static_cast<std::uint32_t>(status));
  put_word(message, kActualAt, static_cast<std::uint32_t>(moved));
  put_word(message, kReturnedPacketsAt, kNotIsochronous);
  append(message, data);
  return message;
}

Bytes encode_unlinked(std::uint32_t sequence, Status status) {
  Bytes message(kHeaderSize);
  put_word(message, kCommandAt, kRetUnlink);
  put_word(message, kSequenceAt, sequence);
  put_word(message, kStatusAt, static_cast<std::uint32_t>(status));
  return message;
}

}  // namespace lamp::sim::usbip
