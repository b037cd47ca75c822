// TCP without TLS: for what is signed itself, such as revocation lists and OCSP answers.
#pragma once

#include "lib/cloud/stream.hpp"

namespace lamp::cloud {

class PlainStream final : public Stream {
 public:
  explicit PlainStream(Socket socket) noexcept : socket_{std::move(socket)} {}

  void expires_at(Deadline deadline) noexcept override { deadline_ = deadline; }
  void pump() override;
  [[nodiscard]] bool established() const noexcept override { return true; }
  [[nodiscard]] bool has_plaintext() const noexcept override { return consumed_ < waiting_.size(); }
  [[nodiscard]] bool ended() const noexcept override { return ended_; }
  [[nodiscard]] std::size_t read_some(std::span<std::uint8_t> into) override;
  void write(ByteView bytes) override { socket_.send(bytes, deadline_); }
  void close() noexcept override;
  [[nodiscard]] const Bytes& peer_certificate() const noexcept override { return nobody_; }
  [[nodiscard]] const Socket& socket() const noexcept override { return socket_; }

 private:
  void take_in(ByteView received);

  Socket socket_;
  Bytes waiting_, nobody_;
  std::size_t consumed_ = 0;
  bool ended_ = false;
  Deadline deadline_ = within(std::chrono::seconds{10});
};

}  // namespace lamp::cloud
