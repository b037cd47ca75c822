// Messages of USB/IP as a host sends them to a device (Linux, Documentation/usb/usbip_protocol.rst): headers of 48
// bytes with big-endian fields, some followed by data. Transfers of isochronous endpoints are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>

#include "cli/sim/usb_device.hpp"
#include "lib/base/bytes.hpp"

namespace lamp::sim::usbip {

inline constexpr std::size_t kHeaderSize = 48;
inline constexpr std::uint32_t kLargestTransfer = 1U << 20;
inline constexpr std::uint8_t kToHost = 0x80;  ///< in an endpoint address

/// Negative errno values that the host's USB core understands.
enum class Status : std::int32_t { done = 0, stalled = -32, gone = -108, unlinked = -104 };

struct Submit {
  std::uint32_t sequence = 0;
  std::uint8_t endpoint = 0;  ///< address: kToHost is set towards the host
  std::uint32_t length = 0;   ///< bytes that follow, or that the host has room for
  Setup setup;                ///< of endpoint 0
  [[nodiscard]] bool to_host() const noexcept { return (endpoint & kToHost) != 0; }
};

/// Takes back a Submit that is not answered yet.
struct Unlink {
  std::uint32_t sequence = 0;
  std::uint32_t victim = 0;  ///< sequence of the Submit
};

using Command = std::variant<Submit, Unlink>;

/// header: kHeaderSize bytes. Throws Error{bad_input} for another command, another device, an endpoint that cannot be,
/// a transfer of more than kLargestTransfer or an isochronous one, a setup packet that contradicts the transfer.
[[nodiscard]] Command decode_command(ByteView header, std::uint32_t device_id);

/// How many bytes of data follow its header.
[[nodiscard]] std::size_t data_size(const Command& command) noexcept;

/// Answers to the two. moved: bytes that were transferred; data: those among them that go to the host.
[[nodiscard]] Bytes encode_submitted(std::uint32_t sequence, Status status, std::size_t moved, ByteView data);
[[nodiscard]] Bytes encode_unlinked(std::uint32_t sequence, Status status);

}  // namespace lamp::sim::usbip
