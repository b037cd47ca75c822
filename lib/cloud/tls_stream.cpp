#include "lib/cloud/tls_stream.hpp"

#include <botan/rng.h>
#include <botan/tls_alert.h>
#include <botan/tls_callbacks.h>
#include <botan/tls_client.h>
#include <botan/tls_exceptn.h>
#include <botan/tls_server.h>
#include <botan/tls_server_info.h>
#include <botan/tls_session_manager_noop.h>

#include <algorithm>
#include <array>

#include "lib/base/error.hpp"
#include "lib/cloud/tls_context.hpp"

namespace lamp::cloud {
namespace {

namespace tls = Botan::TLS;

constexpr std::chrono::milliseconds kLastWords{300};

tls::AlertType alert_for(PeerFault::Kind kind) noexcept {
  switch (kind) {
    case PeerFault::Kind::unknown_authority: return tls::AlertType::UnknownCA;
    case PeerFault::Kind::revoked: return tls::AlertType::CertificateRevoked;
    case PeerFault::Kind::expired: return tls::AlertType::CertificateExpired;
    case PeerFault::Kind::unusable: break;
  }
  return tls::AlertType::BadCertificate;
}

/// What Botan calls. Bytes are only collected here, so that no wait and no failed socket happens inside Botan.
class Events final : public tls::Callbacks {
 public:
  explicit Events(const PeerCheck& check) : check_{check} {}

  void tls_emit_data(std::span<const std::uint8_t> data) override { append(outgoing, data); }
  void tls_record_received(std::uint64_t /*number*/, std::span<const std::uint8_t> data) override {
    append(plaintext, data);
  }
  void tls_alert(tls::Alert alert) override {
    if (alert.type() == tls::AlertType::CloseNotify) {
      ended = true;
    } else if (alert.is_fatal()) {
      throw Error{Errc::unavailable, "the other side refused the connection: " + alert.type_string()};
    }
  }
  // Botan's own check would hold a client's certificate against the name that the client asked for.
  void tls_verify_cert_chain(const std::vector<Botan::X509_Certificate>& chain,
                             const std::vector<std::optional<Botan::OCSP::Response>>& /*ocsp*/,
                             const std::vector<Botan::Certificate_Store*>& /*roots*/, Botan::Usage_Type /*usage*/,
                             std::string_view /*hostname*/, const tls::Policy& /*policy*/) override {
    if (chain.empty()) throw tls::TLS_Exception(tls::AlertType::CertificateRequired, "no certificate");
    if (const auto fault = check_(chain)) throw tls::TLS_Exception(alert_for(fault->kind), fault->text);
    peer = chain.front().BER_encode();
  }

  Bytes outgoing, plaintext, peer;
  bool ended = false;

 private:
  const PeerCheck& check_;
};

}  // namespace

struct TlsStream::Impl {
  Impl(Socket connected, std::shared_ptr<TlsContext::Impl> with)
      : socket{std::move(connected)}, context{std::move(with)}, events{std::make_shared<Events>(context->check)} {}

  /// Lets Botan work, then sends what it has to say, which after a failure is the alert.
  template <class Act>
  void run(Act&& act) {
    const auto outcome = attempt([&] {
      guarded(Errc::unavailable, std::forward<Act>(act));
      return true;
    });
    const Bytes out = std::exchange(events->outgoing, {});
    if (const auto* failed = std::get_if<Error>(&outcome)) {
      [[maybe_unused]] const auto told = attempt([&] {
        socket.send(out, within(kLastWords));
        return true;
      });
      socket.finish(kLastWords);
      rethrow(*failed);
    }
    if (!out.empty()) socket.send(out, deadline);
  }

  void take_in(std::span<const std::uint8_t> received) {
    if (received.empty()) {
      events->ended = true;
      if (!channel->is_handshake_complete()) throw Error{Errc::unavailable, "the other side hung up"};
      return;
    }
    run([&] { channel->received_data(received); });
  }

  Socket socket;
  std::shared_ptr<TlsContext::Impl> context;
  std::shared_ptr<Events> events;
  std::unique_ptr<tls::Channel> channel;
  std::size_t consumed = 0;
  Deadline deadline = within(std::chrono::seconds{10});
};

TlsStream::TlsStream(std::unique_ptr<Impl> impl) noexcept : impl_{std::move(impl)} {}
TlsStream::TlsStream(TlsStream&&) noexcept = default;
TlsStream& TlsStream::operator=(TlsStream&&) noexcept = default;
TlsStream::~TlsStream() = default;

TlsStream TlsStream::serve(Socket socket, const TlsContext& context) {
  auto impl = std::make_unique<Impl>(std::move(socket), context.impl());
  guarded(Errc::internal, [&] {
    impl->channel = std::make_unique<tls::Server>(impl->events, std::make_shared<tls::Session_Manager_Noop>(),
                                                  impl->context->identity, impl->context->policy, impl->context->rng);
  });
  return TlsStream{std::move(impl)};
}

TlsStream TlsStream::connect(Socket socket, const TlsContext& context, const std::string& host, Deadline deadline) {
  auto impl = std::make_unique<Impl>(std::move(socket), context.impl());
  impl->deadline = deadline;
  impl->run([&] {
    impl->channel = std::make_unique<tls::Client>(impl->events, std::make_shared<tls::Session_Manager_Noop>(),
                                                  impl->context->identity, impl->context->policy, impl->context->rng,
                                                  tls::Server_Information{host});
  });
  std::array<std::uint8_t, 16384> buffer{};
  while (!impl->channel->is_handshake_complete())
    impl->take_in(std::span{buffer}.first(impl->socket.receive(buffer, deadline)));
  return TlsStream{std::move(impl)};
}

void TlsStream::expires_at(Deadline deadline) noexcept { impl_->deadline = deadline; }

void TlsStream::pump() {
  std::array<std::uint8_t, 16384> buffer{};
  const auto got = impl_->socket.receive_waiting(buffer);
  if (got) impl_->take_in(std::span{buffer}.first(*got));
}

bool TlsStream::established() const noexcept { return impl_->channel->is_handshake_complete(); }
bool TlsStream::has_plaintext() const noexcept { return impl_->consumed < impl_->events->plaintext.size(); }
bool TlsStream::ended() const noexcept { return impl_->events->ended; }

std::size_t TlsStream::read_some(std::span<std::uint8_t> into) {
  std::array<std::uint8_t, 16384> buffer{};
  while (!has_plaintext() && !ended())
    impl_->take_in(std::span{buffer}.first(impl_->socket.receive(buffer, impl_->deadline)));
  auto& plaintext = impl_->events->plaintext;
  const auto waiting = ByteView{plaintext}.subspan(impl_->consumed);
  const auto taken = std::min(into.size(), waiting.size());
  std::copy_n(waiting.begin(), taken, into.begin());
  impl_->consumed += taken;
  if (impl_->consumed == plaintext.size()) {
    plaintext.clear();
    impl_->consumed = 0;
  }
  return taken;
}

void TlsStream::write(ByteView bytes) {
  impl_->run([&] { impl_->channel->send(bytes); });
}

void TlsStream::close() noexcept {
  if (impl_ == nullptr || impl_->channel == nullptr || !impl_->channel->is_active()) return;
  impl_->deadline = within(kLastWords);
  [[maybe_unused]] const auto said = attempt([&] {
    impl_->run([&] { impl_->channel->close(); });
    return true;
  });
  if (!ended()) impl_->socket.finish(kLastWords);
}

const Bytes& TlsStream::peer_certificate() const noexcept { return impl_->events->peer; }
const Socket& TlsStream::socket() const noexcept { return impl_->socket; }

}  // namespace lamp::cloud
