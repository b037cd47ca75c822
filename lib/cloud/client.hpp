// HTTPS to the fleet service, with a client certificate whose key may live in a token.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"

namespace Botan {
class Private_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::cloud {

struct Identity {
  std::vector<Bytes> chain;  ///< DER, leaf first, without the root
  std::shared_ptr<Botan::Private_Key> key;
};

struct Response {
  unsigned status = 0;
  std::string content_type;
  Bytes body;
};

/// One connection, made at the first request and remade after an idle close. Not thread-safe.
class Client {
 public:
  /// `url` is https://host:port; `anchors` are the DER root certificates that the server's chain must reach; the
  /// server's name is checked. Throws Error{bad_input} for another kind of URL.
  Client(std::string url, std::vector<Bytes> anchors, Identity identity,
         std::shared_ptr<Botan::RandomNumberGenerator> rng);
  Client(Client&&) noexcept;
  ~Client();

  /// Throws Error{unavailable} when the service cannot be reached or its TLS does not hold, saying which. Any HTTP
  /// status is an answer.
  [[nodiscard]] Response get(std::string_view path);
  [[nodiscard]] Response send(std::string_view method, std::string_view path, std::string_view content_type,
                              ByteView body);
  /// Body in pieces, for artifacts; gives the status. `offset` asks for a range.
  unsigned download(std::string_view path, std::uint64_t offset, const std::function<void(ByteView)>& sink);

  /// GET or POST of JSON text; a status other than 2xx is thrown: 403/404/409/410 as Error{denied}, 5xx as
  /// Error{unavailable}, with the service's own message.
  [[nodiscard]] std::string get_json(std::string_view path);
  std::string post_json(std::string_view path, std::string_view json);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lamp::cloud
