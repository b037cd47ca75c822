#include "lib/cloud/socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "lib/base/error.hpp"

namespace lamp::cloud {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses resolve(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int rc = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (rc != 0) throw Error{Errc::unavailable, "host " + host + ": " + ::gai_strerror(rc)};
  return {found, &::freeaddrinfo};
}

std::string system_text(int code) { return std::error_code{code, std::generic_category()}.message(); }

/// True when the event came before the deadline.
bool wait_for(int descriptor, short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() < 0) return false;
    pollfd waiting{descriptor, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) throw Error{Errc::unavailable, "poll: " + system_text(errno)};
  }
}

/// 0 or the errno of the attempt.
int connect_one(int descriptor, const addrinfo& to, Deadline deadline) {
  if (::connect(descriptor, to.ai_addr, to.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!wait_for(descriptor, POLLOUT, deadline)) return ETIMEDOUT;
  int outcome = 0;
  socklen_t size = sizeof outcome;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &outcome, &size) == 0 ? outcome : errno;
}

void set_option(int descriptor, int level, int name) {
  const int on = 1;
  static_cast<void>(::setsockopt(descriptor, level, name, &on, sizeof on));
}

[[noreturn]] void refuse_to_listen(const std::string& address, std::uint16_t port, int code) {
  const std::string where = "port " + std::to_string(port) + " on " + address;
  if (code == EADDRINUSE)
    throw Error{Errc::unavailable, where + " is in use; stop the program that listens there, or choose another port"};
  if (code == EACCES) throw Error{Errc::denied, where + " needs a privilege; choose one above 1023"};
  throw Error{Errc::unavailable, where + ": " + system_text(code)};
}

}  // namespace

Socket::Socket(Socket&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Socket Socket::connect(const std::string& host, std::uint16_t port, Deadline deadline) {
  const auto addresses = resolve(host, port, AI_ADDRCONFIG);
  int code = EADDRNOTAVAIL;
  for (const addrinfo* a = addresses.get(); a != nullptr; a = a->ai_next) {
    Socket socket{::socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (socket.descriptor_ < 0) continue;
    code = connect_one(socket.descriptor_, *a, deadline);
    if (code != 0) continue;
    set_option(socket.descriptor_, IPPROTO_TCP, TCP_NODELAY);
    return socket;
  }
  throw Error{Errc::unavailable, "cannot reach " + host + ":" + std::to_string(port) + ": " + system_text(code)};
}

Socket Socket::listen(const std::string& address, std::uint16_t port) {
  const auto addresses = resolve(address, port, AI_PASSIVE);
  Socket socket{::socket(addresses->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (socket.descriptor_ < 0) refuse_to_listen(address, port, errno);
  set_option(socket.descriptor_, SOL_SOCKET, SO_REUSEADDR);
  if (::bind(socket.descriptor_, addresses->ai_addr, addresses->ai_addrlen) != 0)
    refuse_to_listen(address, port, errno);
  if (::listen(socket.descriptor_, SOMAXCONN) != 0) refuse_to_listen(address, port, errno);
  return socket;
}

std::optional<Socket> Socket::accept() const {
  const int accepted = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (accepted < 0) return std::nullopt;
  set_option(accepted, IPPROTO_TCP, TCP_NODELAY);
  set_option(accepted, SOL_SOCKET, SO_KEEPALIVE);
  return Socket{accepted};
}

std::uint16_t Socket::local_port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  std::array<char, NI_MAXSERV> port{};
  if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      ::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, nullptr, 0, port.data(), port.size(),
                    NI_NUMERICSERV) != 0)
    return 0;
  return static_cast<std::uint16_t>(std::stoul(port.data()));
}

std::string Socket::peer() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (::getpeername(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      ::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return "unknown";
  return std::string{host.data()} + ":" + port.data();
}

std::optional<std::size_t> Socket::receive_waiting(std::span<std::uint8_t> into) const {
  for (;;) {
    const ssize_t got = ::recv(descriptor_, into.data(), into.size(), MSG_DONTWAIT);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) throw Error{Errc::unavailable, "connection lost: " + system_text(errno)};
  }
}

std::size_t Socket::receive(std::span<std::uint8_t> into, Deadline deadline) const {
  for (;;) {
    if (const auto got = receive_waiting(into)) return *got;
    if (!wait_for(descriptor_, POLLIN, deadline)) throw Error{Errc::unavailable, "no answer in time"};
  }
}

void Socket::send(ByteView bytes, Deadline deadline) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(descriptor_, POLLOUT, deadline)) throw Error{Errc::unavailable, "the other side takes no data"};
    } else if (errno != EINTR) {
      throw Error{Errc::unavailable, "connection lost: " + system_text(errno)};
    }
  }
}

void Socket::finish(std::chrono::milliseconds patience) const noexcept {
  if (::shutdown(descriptor_, SHUT_WR) != 0) return;
  const auto until = within(patience);
  std::array<std::uint8_t, 4096> ignored{};
  while (std::chrono::steady_clock::now() < until) {
    pollfd waiting{descriptor_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return;
    if (::recv(descriptor_, ignored.data(), ignored.size(), MSG_DONTWAIT) <= 0) return;
  }
}

}  // namespace lamp::cloud
