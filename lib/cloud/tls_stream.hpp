// TLS 1.2 and 1.3 over a TCP socket, on Botan.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/cloud/stream.hpp"

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

/// What a server asks of its clients. One that may come without a certificate is still judged when it shows one.
enum class ClientCertificate { required, optional };

/// Who we are to a peer, and which peers we take. Shared by all connections of one server or client.
class TlsContext {
 public:
  /// `chain` is DER, leaf first, without the root; `accepted` are the authorities (DER) that a server names to clients.
  /// Throws Error{bad_input} for a chain that is none, or a key that is not the leaf's.
  TlsContext(const std::vector<Bytes>& chain, std::shared_ptr<Botan::Private_Key> key,
             const std::vector<Bytes>& accepted, PeerCheck check, std::shared_ptr<Botan::RandomNumberGenerator> rng,
             ClientCertificate wanted = ClientCertificate::required);
  struct Impl;
  [[nodiscard]] const std::shared_ptr<Impl>& impl() const noexcept { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

class TlsStream final : public Stream {
 public:
  /// The server's side: a client certificate is asked for as the context says, sessions are not resumed.
  [[nodiscard]] static TlsStream serve(Socket socket, const TlsContext& context);
  /// The client's side; `host` goes into SNI. Shakes hands before it returns.
  [[nodiscard]] static TlsStream connect(Socket socket, const TlsContext& context, const std::string& host,
                                         Deadline deadline);

  TlsStream(TlsStream&&) noexcept;
  TlsStream& operator=(TlsStream&&) noexcept;
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream() override;

  void expires_at(Deadline deadline) noexcept override;
  /// Also answers a handshake. Throws Error{unavailable} when TLS does not hold: a PeerFault's text, or the peer's
  /// alert.
  void pump() override;
  [[nodiscard]] bool established() const noexcept override;
  [[nodiscard]] bool has_plaintext() const noexcept override;
  [[nodiscard]] bool ended() const noexcept override;
  [[nodiscard]] std::size_t read_some(std::span<std::uint8_t> into) override;
  void write(ByteView bytes) override;
  void close() noexcept override;
  [[nodiscard]] const Bytes& peer_certificate() const noexcept override;
  [[nodiscard]] const Socket& socket() const noexcept override;

 private:
  struct Impl;
  explicit TlsStream(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lamp::cloud
