// TCP sockets with a deadline on every wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "lib/base/bytes.hpp"

namespace lamp::cloud {

using Deadline = std::chrono::steady_clock::time_point;
[[nodiscard]] inline Deadline within(std::chrono::milliseconds duration) {
  return std::chrono::steady_clock::now() + duration;
}

class Socket {
 public:
  explicit Socket(int descriptor) noexcept : descriptor_{descriptor} {}
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket();

  /// Throws Error{unavailable} naming host, port and cause.
  [[nodiscard]] static Socket connect(const std::string& host, std::uint16_t port, Deadline deadline);
  /// Port 0 takes any free one. Throws Error{unavailable} saying that the port is in use, Error{denied} when it may not
  /// be taken, Error{bad_input} for an address that is none.
  [[nodiscard]] static Socket listen(const std::string& address, std::uint16_t port);

  /// Nothing when nobody waits, or who waited has gone.
  [[nodiscard]] std::optional<Socket> accept() const;
  [[nodiscard]] std::uint16_t local_port() const;
  [[nodiscard]] std::string peer() const;  ///< "127.0.0.1:40312"
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  /// At least one byte; 0 at the end of the stream. Throws Error{unavailable}, also when the deadline passes.
  [[nodiscard]] std::size_t receive(std::span<std::uint8_t> into, Deadline deadline) const;
  /// The same without waiting: nothing when there is nothing yet.
  [[nodiscard]] std::optional<std::size_t> receive_waiting(std::span<std::uint8_t> into) const;
  void send(ByteView bytes, Deadline deadline) const;
  /// Ends our direction and reads what still comes for a moment, so that the peer gets our last words in place of a
  /// reset.
  void finish(std::chrono::milliseconds patience) const noexcept;

 private:
  int descriptor_;
};

}  // namespace lamp::cloud
