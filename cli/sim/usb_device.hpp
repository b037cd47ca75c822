// What a virtual USB device does with its traffic. Knows nothing of who carries it: usbfs ioctls here, USB/IP
// elsewhere.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"

namespace lamp::sim {

/// USB 2.0 section 9.3.
struct Setup {
  std::uint8_t type = 0;
  std::uint8_t request = 0;
  std::uint16_t value = 0;
  std::uint16_t index = 0;
  std::uint16_t length = 0;
  [[nodiscard]] bool to_host() const noexcept { return (type & 0x80U) != 0; }
  [[nodiscard]] bool is_standard() const noexcept { return (type & 0x60U) == 0; }
};

enum class Outcome {
  done,
  stall,     ///< the device refuses
  nak,       ///< nothing to give yet; ask again
  farewell,  ///< done, and the device restarts: it leaves the bus after this transfer
  vanish,    ///< it leaves the bus in the middle of this transfer
};

/// What enumeration reads (USB 2.0 section 9.6).
struct UsbDescriptors {
  Bytes device;                      ///< 18 bytes
  Bytes configuration;               ///< the only one, with its interfaces, endpoints and class descriptors
  std::vector<std::string> strings;  ///< ASCII, from index 1
};

/// One call at a time. A wrapper hands every one of them on: usb_wrapper.hpp.
class UsbDevice {
 public:
  virtual ~UsbDevice() = default;
  /// May be others after power_cycle(): a boot loader is another USB device than the application that it starts.
  [[nodiscard]] virtual UsbDescriptors descriptors() const = 0;
  /// SET_INTERFACE: whether there is such an alternate setting.
  [[nodiscard]] virtual Outcome set_interface(std::uint8_t interface, std::uint8_t alternate) = 0;
  /// Class and vendor requests; `data` comes in with the host's bytes or goes out with the device's, cut to
  /// setup.length.
  [[nodiscard]] virtual Outcome control(const Setup& setup, Bytes& data) = 0;
  [[nodiscard]] virtual Outcome bulk_out(ByteView data) = 0;
  /// Gives at most `most` bytes.
  [[nodiscard]] virtual Outcome bulk_in(std::size_t most, Bytes& data) = 0;
  /// Power was away: whatever was not in flash is gone.
  virtual void power_cycle() = 0;
  /// The host starts afresh on an endpoint (its number, 0x80 set towards the host) or, by a port reset, on all of them:
  /// whatever is half done there is forgotten. Power stayed.
  virtual void clear_halt(std::uint8_t endpoint) = 0;
  virtual void bus_reset() = 0;
  /// Whether it is plugged in again after it left.
  [[nodiscard]] virtual bool comes_back() const { return true; }
  /// After a nak: until when it is at work, and asking again is in vain.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point busy_until() const { return {}; }
  /// Whether it is through the factory: it has said, signed and to its end, that it is locked.
  [[nodiscard]] virtual bool is_finished() const { return false; }
};

}  // namespace lamp::sim
