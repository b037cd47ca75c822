// Where devices are plugged in, named after the work: a bench has ports, a fixture is one device in one of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"

namespace lamp::manufacturing {

/// Frames of the lamp provisioning protocol. Not thread-safe; fixtures of different ports are independent.
class Fixture {
 public:
  virtual ~Fixture() = default;
  /// Hands a whole frame to the device. Throws Error{unavailable} when it stalls, does not take it in time or is gone.
  virtual void send(ByteView frame) = 0;
  /// The next whole frame that the device gives. Throws Error{unavailable} as send() does, Error{bad_input} when what
  /// comes is no frame.
  [[nodiscard]] virtual Bytes receive() = 0;
};

/// A DFU interface (USB DFU 1.1, chapter 3) as its descriptors tell of it.
struct DfuDescription {
  std::uint16_t vendor = 0, product = 0;  ///< USB IDs
  std::uint16_t version = 0;              ///< bcdDFUVersion; 0x011A is ST's extension
  std::uint16_t transfer_size = 0;        ///< bytes that one request may carry
  std::vector<std::string> alternates;    ///< names, by number; ST's say how the memory is laid out
};

/// Control transfers to one DFU interface in DFU mode; the state machine is the caller's. Every call throws
/// Error{unavailable} when the device stalls, does not answer in time or is gone.
class DfuPort {
 public:
  virtual ~DfuPort() = default;
  [[nodiscard]] virtual const DfuDescription& description() const noexcept = 0;
  virtual void select(std::uint8_t alternate) = 0;
  virtual void download(std::uint16_t block, ByteView data) = 0;
  /// At most `most` bytes; fewer end an upload. What is read may be a key.
  [[nodiscard]] virtual SecureBytes upload(std::uint16_t block, std::size_t most) = 0;
  [[nodiscard]] virtual Bytes status() = 0;  ///< DFU_GETSTATUS, as many bytes as came
  virtual void clear_status() = 0;
  virtual void abort() = 0;
};

/// A chip of Espressif in its serial boot loader, which the maker's own programs speak to. Not thread-safe. Calls
/// throw Error{not_found} when the program is not installed, Error{unavailable} when the chip does not answer.
class EspPort {
 public:
  virtual ~EspPort() = default;
  /// How espefuse reaches the chip: {"--port", "/dev/ttyACM0"}.
  [[nodiscard]] virtual std::vector<std::string> efuse_target() const = 0;
  /// Erases the sectors that it touches. What is written may hold a key.
  virtual void write_flash(const std::string& chip, std::uint32_t address, ByteView bytes) = 0;
  [[nodiscard]] virtual SecureBytes read_flash(const std::string& chip, std::uint32_t address, std::size_t size) = 0;
};

/// What a port holds: nothing of ours, or a conversation of one kind.
using Plug = std::variant<std::monostate, std::unique_ptr<Fixture>, std::unique_ptr<DfuPort>, std::unique_ptr<EspPort>>;

/// Thread-safe; a call about one port does not wait for a device in another.
class Bench {
 public:
  virtual ~Bench() = default;
  /// The ports that hold a device of ours now, by their path: bus, then the chain of hub ports, such as "1-2.3".
  /// Throws Error{unavailable} when the host has no USB at all.
  [[nodiscard]] virtual std::vector<std::string> occupied_ports() = 0;
  /// Another number each time that something is plugged into the port, be it the same device again; 0 when nothing is
  /// there, and always where the bench cannot tell.
  [[nodiscard]] virtual std::uint64_t arrival(const std::string& /*port*/) { return 0; }
  /// Nothing when no device of ours is there. Throws Error{denied} when the device may not be opened,
  /// Error{unavailable} when another program has it.
  [[nodiscard]] virtual Plug open(const std::string& port) = 0;
  virtual void wait(std::chrono::milliseconds time) = 0;  ///< for a part that asked for it

  /// Grows with everything that is plugged in or pulled out, and with wake().
  [[nodiscard]] virtual std::uint64_t changes() { return 0; }
  /// Waits until changes() is another number than `seen`, `most` at the longest. Gives the time that it took.
  virtual std::chrono::milliseconds wait_for_change(std::uint64_t /*seen*/, std::chrono::milliseconds most) {
    wait(most);
    return most;
  }
  virtual void wake() {}  ///< ends the waiting of other threads
};

}  // namespace lamp::manufacturing
