// TLS 1.2 and 1.3 over a TCP socket, on Botan. Read and write block, each until the stream's deadline.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/cloud/socket.hpp"

namespace Botan {
class Private_Key;
class RandomNumberGenerator;
class X509_Certificate;
}  // namespace Botan

namespace lamp::cloud {

/// Why a peer's certificate does not count; the peer is told the kind, the log gets the text.
struct PeerFault {
  enum class Kind { unknown_authority, revoked, expired, unusable } kind = Kind::unusable;
  std::string text;
};

/// Judges a peer's certificates, leaf first, as sent. Nothing means acceptable. Must be callable from several threads.
using PeerCheck = std::function<std::optional<PeerFault>(const std::vector<Botan::X509_Certificate>& chain)>;

/// Who we are to a peer, and which peers we take. Shared by all connections of one server or client.
class TlsContext {
 public:
  /// `chain` is DER, leaf first, without the root; `accepted` are the authorities (DER) that a server names to clients.
  /// Throws Error{bad_input} for a chain that is none, or a key that is not the leaf's.
  TlsContext(const std::vector<Bytes>& chain, std::shared_ptr<Botan::Private_Key> key,
             const std::vector<Bytes>& accepted, PeerCheck check, std::shared_ptr<Botan::RandomNumberGenerator> rng);
  struct Impl;
  [[nodiscard]] const std::shared_ptr<Impl>& impl() const noexcept { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

class TlsStream {
 public:
  /// The server's side: a client certificate is compulsory, sessions are not resumed.
  [[nodiscard]] static TlsStream serve(Socket socket, const TlsContext& context);
  /// The client's side; `host` goes into SNI. Shakes hands before it returns.
  [[nodiscard]] static TlsStream connect(Socket socket, const TlsContext& context, const std::string& host,
                                         Deadline deadline);

  TlsStream(TlsStream&&) noexcept;
  TlsStream& operator=(TlsStream&&) noexcept;
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream();

  void expires_at(Deadline deadline) noexcept;

  /// Takes in what has arrived, without waiting for more, and answers a handshake. Throws Error{unavailable} when TLS
  /// does not hold: a PeerFault's text, or the peer's alert.
  void pump();
  [[nodiscard]] bool established() const noexcept;
  [[nodiscard]] bool has_plaintext() const noexcept;
  [[nodiscard]] bool ended() const noexcept;  ///< the peer has closed; what was read is all there is

  /// Waits for plaintext: at least one byte, or 0 at the end.
  [[nodiscard]] std::size_t read_some(std::span<std::uint8_t> into);
  void write(ByteView bytes);
  /// Says goodbye and lets the peer hear it.
  void close() noexcept;

  [[nodiscard]] const Bytes& peer_certificate() const noexcept;  ///< DER; empty until established
  [[nodiscard]] const Socket& socket() const noexcept;

 private:
  struct Impl;
  explicit TlsStream(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lamp::cloud
