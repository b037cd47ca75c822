// The HTTP server, with TLS or without. One thread watches connections; those with something to read go to a pool of
// workers, so that a fleet's idle connections cost no thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lib/cloud/router.hpp"
#include "lib/cloud/tls_stream.hpp"

namespace lamp::cloud {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 takes any free one
  std::size_t workers = 16;
  std::size_t connections = 4096;  ///< further ones wait in the system's queue
  std::chrono::seconds handshake{10};
  std::chrono::seconds request{30};  ///< for a whole request to arrive, and for each 16 KiB of an answer to leave
  std::chrono::seconds idle{600};    ///< longer than devices poll
};

/// Who asks, by certificate (DER; empty where none was shown), or nothing: then 401. Called for every request, from
/// several threads.
using Identify = std::function<std::optional<Caller>(const Bytes& certificate)>;
/// One line about what the operator should know. Called from several threads.
using ServerLog = std::function<void(const std::string&)>;

class Server {
 public:
  /// Listens at once. Throws as Socket::listen does. The router must outlive the server.
  Server(ServerOptions options, TlsContext tls, const Router& router, Identify identify, ServerLog log);
  /// Without TLS.
  Server(ServerOptions options, const Router& router, Identify identify, ServerLog log);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  [[nodiscard]] std::uint16_t port() const;

  /// Serves until `stop` (a descriptor such as an eventfd or signalfd) becomes readable; requests that have begun are
  /// answered before this returns.
  void run(int stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lamp::cloud
