// One client's connection: HTTP/1.0 and 1.1 requests, one after the other, each routed and answered.
#pragma once

#include <memory>

#include "lib/cloud/server.hpp"

namespace lamp::cloud {

/// What connections share. Non-owning.
struct ConnectionContext {
  const ServerOptions& options;
  const Router& router;
  const Identify& identify;
  const ServerLog& log;
};

class Connection {
 public:
  Connection(std::unique_ptr<Stream> stream, const ConnectionContext& context);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  enum class Next { wait, close };
  /// Takes in what has arrived and answers every whole request in it. Throws Error when the connection is of no more
  /// use.
  [[nodiscard]] Next proceed();
  void close() noexcept;

  [[nodiscard]] bool established() const noexcept;
  [[nodiscard]] int descriptor() const noexcept;
  [[nodiscard]] const std::string& peer() const noexcept;  ///< "127.0.0.1:40312"

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lamp::cloud
