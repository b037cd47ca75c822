// lamp-test-piv-card PORT HOLDER p256|rsa2048: puts a virtual PIV card into vsmartcard's virtual reader, which listens
// on this port of the loopback. The card stays until the reader goes. Its PIN is kPivPin.
#include <arpa/inet.h>
#include <botan/auto_rng.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <optional>
#include <string>

#include "tests/support/piv/card.hpp"
#include "tests/support/piv/pin.hpp"

namespace lamp::test {
namespace {

/// vpcd's protocol: a length of two bytes, big-endian, and what it says; one byte alone is a signal.
class Reader {
 public:
  explicit Reader(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    set(TCP_NODELAY);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { ::close(socket_); }
  [[nodiscard]] bool connected() const noexcept { return connected_; }

  /// Nothing when the reader is gone.
  [[nodiscard]] std::optional<Bytes> receive() {
    std::array<std::uint8_t, 2> size{};
    if (!fill(size)) return std::nullopt;
    Bytes message(static_cast<std::size_t>(size[0]) << 8U | size[1]);
    if (!fill(message)) return std::nullopt;
    return message;
  }
  void send(ByteView message) const {
    Bytes framed{static_cast<std::uint8_t>(message.size() >> 8U), static_cast<std::uint8_t>(message.size())};
    append(framed, message);
    for (std::size_t at = 0; at < framed.size();) {
      const auto sent = ::send(socket_, framed.data() + at, framed.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return;
      at += static_cast<std::size_t>(sent);
    }
  }

 private:
  void set(int option) const {
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, option, &on, sizeof on);
  }
  bool fill(std::span<std::uint8_t> into) {
    while (!into.empty()) {
      // The reader sends length and message apart; a delayed acknowledgement of the first would hold back the second.
      set(TCP_QUICKACK);
      const auto got = ::recv(socket_, into.data(), into.size(), 0);
      if (got <= 0) return false;
      into = into.subspan(static_cast<std::size_t>(got));
    }
    return true;
  }

  int socket_;
  bool connected_ = false;
};

int serve(std::uint16_t port, const std::string& holder, PivCard::Keys keys) {
  Botan::AutoSeeded_RNG rng;
  PivCard card{holder, std::string{kPivPin}, keys, rng};
  Reader reader{port};
  if (!reader.connected()) {
    std::cerr << "lamp-test-piv-card: no reader on port " << port << '\n';
    return 3;
  }
  constexpr std::uint8_t kAnswerToReset = 4;
  while (const auto message = reader.receive()) {
    if (message->size() != 1) {
      reader.send(card.answer(*message));
    } else if (message->front() == kAnswerToReset) {
      reader.send(PivCard::answer_to_reset());
    } else {
      card.reset();
    }
  }
  return 0;
}

}  // namespace
}  // namespace lamp::test

int main(int argc, char** argv) {
  using lamp::test::PivCard;
  if (argc != 4) return 2;
  const auto keys = std::string{argv[3]} == "rsa2048" ? PivCard::Keys::rsa2048 : PivCard::Keys::p256;
  return lamp::test::serve(static_cast<std::uint16_t>(std::stoul(argv[1])), argv[2], keys);
}
