// What crosses the virtual bus, as a file that Wireshark opens: pcap, LINKTYPE_USB_LINUX_MMAPPED, which is what usbmon
// gives (Linux, Documentation/usb/usbmon.rst).
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <mutex>

#include "cli/sim/usb_wrapper.hpp"
#include "lib/base/posix_file.hpp"

namespace lamp::sim {

/// Each packet is written at once, so that the file is whole at any time. Thread-safe.
class Capture {
 public:
  /// Makes the file anew, for its owner only: a part whose protocol does not encipher shows its secrets. Throws Error.
  explicit Capture(std::filesystem::path file);

  enum class Event : char { submitted = 'S', completed = 'C' };
  struct Packet {
    std::uint64_t transfer = 0;  ///< the same for both events of one
    std::uint8_t endpoint = 0;   ///< address
    std::uint8_t device = 0;     ///< address
    std::int32_t status = 0;     ///< negative errno
    std::uint32_t length = 0;    ///< bytes that moved, or that were asked for
    const Setup* setup = nullptr;
    ByteView data{};
  };
  /// Throws Error{unavailable} when the disk does not take it.
  void write(Event event, const Packet& packet);
  [[nodiscard]] std::uint64_t next_transfer() noexcept { return ++transfers_; }

 private:
  std::filesystem::path path_;
  posix::Descriptor file_;
  std::mutex writing_;
  std::atomic<std::uint64_t> transfers_{0};
};

/// A device whose traffic is captured: everything but what enumeration asks.
class CapturedCable final : public UsbWrapper {
 public:
  /// capture: must outlive it. address: what the packets call the device.
  CapturedCable(std::unique_ptr<UsbDevice> device, Capture& capture, std::uint8_t address)
      : UsbWrapper{std::move(device)}, capture_{capture}, address_{address} {}

  [[nodiscard]] Outcome control(const Setup& setup, Bytes& data) override;
  [[nodiscard]] Outcome bulk_out(ByteView data) override;
  [[nodiscard]] Outcome bulk_in(std::size_t most, Bytes& data) override;
  void clear_halt(std::uint8_t endpoint) override;

 private:
  [[nodiscard]] Capture::Packet packet(std::uint8_t endpoint) const;

  Capture& capture_;
  std::uint8_t address_;
  std::uint64_t waiting_ = 0;  ///< transfer that the host waits in
};

}  // namespace lamp::sim
