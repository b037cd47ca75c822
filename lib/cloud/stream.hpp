// What a connection reads and writes: TLS or plain TCP. Read and write block, each until the stream's deadline.
#pragma once

#include <span>

#include "lib/base/bytes.hpp"
#include "lib/cloud/socket.hpp"

namespace lamp::cloud {

class Stream {
 public:
  virtual ~Stream() = default;

  virtual void expires_at(Deadline deadline) noexcept = 0;
  /// Takes in what has arrived, without waiting for more. Throws Error{unavailable} when the connection does not hold.
  virtual void pump() = 0;
  [[nodiscard]] virtual bool established() const noexcept = 0;
  [[nodiscard]] virtual bool has_plaintext() const noexcept = 0;
  [[nodiscard]] virtual bool ended() const noexcept = 0;  ///< the peer has closed; what was read is all there is

  /// Waits for plaintext: at least one byte, or 0 at the end.
  [[nodiscard]] virtual std::size_t read_some(std::span<std::uint8_t> into) = 0;
  virtual void write(ByteView bytes) = 0;
  /// Says goodbye and lets the peer hear it.
  virtual void close() noexcept = 0;

  /// DER; empty when the peer showed none, or is not yet established.
  [[nodiscard]] virtual const Bytes& peer_certificate() const noexcept = 0;
  [[nodiscard]] virtual const Socket& socket() const noexcept = 0;

 protected:
  Stream() = default;
  Stream(Stream&&) noexcept = default;
  Stream& operator=(Stream&&) noexcept = default;
  Stream(const Stream&) = default;
  Stream& operator=(const Stream&) = default;
};

}  // namespace lamp::cloud
