#include "lib/cloud/client.hpp"

#include <botan/certstor.h>
#include <botan/pk_keys.h>
#include <botan/rng.h>
#include <botan/x509cert.h>
#include <botan/x509path.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/vector_body.hpp>
#include <boost/beast/http/write.hpp>
#include <limits>
#include <nlohmann/json.hpp>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/base/secret.hpp"
#include "lib/cloud/beast_stream.hpp"
#include "lib/cloud/tls_stream.hpp"
#include "lib/pki/path.hpp"

namespace lamp::cloud {
namespace {

namespace http = boost::beast::http;

constexpr std::chrono::seconds kPatience{30};
constexpr std::uint64_t kAnswerLimit = 64ULL << 20;
constexpr std::uint32_t kHeadLimit = 16 * 1024;

struct Place {
  std::string host;
  std::uint16_t port;
};

Place place_of(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  const auto refuse = [&] {
    return Error{Errc::bad_input, "the service's URL is like https://host:port, not " + std::string{url}};
  };
  if (!url.starts_with(kScheme)) throw refuse();
  auto rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto colon = rest.rfind(':');
  if (colon == 0 || rest.empty() || rest.find_first_of("/?#@[]") != std::string_view::npos) throw refuse();
  if (colon == std::string_view::npos) return {std::string{rest}, 443};
  return {std::string{rest.substr(0, colon)},
          static_cast<std::uint16_t>(parse_number(rest.substr(colon + 1), "the service's port", 1, 65535))};
}

/// Accepts exactly a chain to one of the anchors whose leaf is a server of this name.
PeerCheck server_check(const std::vector<Bytes>& anchors, const std::string& host) {
  auto store = std::make_shared<Botan::Certificate_Store_In_Memory>();
  for (const auto& der : anchors) store->add_certificate(Botan::X509_Certificate{der});
  return [store, host](const std::vector<Botan::X509_Certificate>& chain) -> std::optional<PeerFault> {
    const auto result = pki::validate_path(chain, {store.get()},
                                           {.use = pki::PathUse::tls_server, .at = SystemClock{}.now(), .host = host});
    if (result.successful_validation()) return std::nullopt;
    return PeerFault{PeerFault::Kind::unusable, "the service's certificate does not hold: " + result.result_string()};
  };
}

std::string message_in(const Response& response) {
  const auto json = nlohmann::json::parse(response.body, nullptr, false);
  if (json.is_object() && json.contains("error") && json["error"].is_string()) return json["error"].get<std::string>();
  return "HTTP status " + std::to_string(response.status);
}

std::string require_success(const Response& response) {
  if (response.status >= 200 && response.status < 300) return to_text(response.body);
  const auto message = message_in(response);
  if (response.status == 401) throw Error{Errc::denied, "the service does not accept this certificate: " + message};
  if (response.status >= 500) throw Error{Errc::unavailable, message};
  const bool malformed = response.status == 400 || response.status == 405 || response.status == 413;
  throw Error{malformed ? Errc::bad_input : Errc::denied, message};
}

}  // namespace

struct Client::Impl {
  Impl(Place at, const std::vector<Bytes>& anchors, Identity identity,
       std::shared_ptr<Botan::RandomNumberGenerator> rng)
      : place{std::move(at)},
        tls{identity.chain, std::move(identity.key), anchors, server_check(anchors, place.host), std::move(rng)} {}

  void connect() {
    const auto deadline = within(kPatience);
    in_context("https://" + place.host + ":" + std::to_string(place.port), [&] {
      stream.emplace(TlsStream::connect(Socket::connect(place.host, place.port, deadline), tls, place.host, deadline));
    });
    buffer.clear();
  }

  /// Bodies may hold a claim code: zeroed when they are released.
  using Outgoing = http::request<http::vector_body<std::uint8_t, SecureBytes::allocator_type>>;

  Outgoing make(std::string_view method, std::string_view path) const {
    Outgoing request;
    request.method_string({method.data(), method.size()});
    request.target({path.data(), path.size()});
    request.version(11);
    request.set(http::field::host, place.host + ":" + std::to_string(place.port));
    request.set(http::field::user_agent, "lamplighter/" LAMP_VERSION);
    request.set(http::field::accept, "application/json");
    return request;
  }

  /// Sends the request and reads the answer's head. A kept-alive connection that the service has closed in the meantime
  /// gives no first byte of an answer: then, and only then, the request goes out once more on a new connection.
  template <class Parser>
  std::unique_ptr<Parser> exchange(const Outgoing& request) {
    for (bool reused = stream.has_value();; reused = false) {
      if (!stream) connect();
      auto parser = std::make_unique<Parser>();
      parser->header_limit(kHeadLimit);
      parser->body_limit(std::numeric_limits<std::uint64_t>::max());
      boost::system::error_code failed;
      const auto sent = attempt([&] {
        stream->expires_at(within(kPatience));
        BeastStream beast{*stream};
        http::write(beast, request);
        http::read_header(beast, buffer, *parser, failed);
        return true;
      });
      const auto* error = std::get_if<Error>(&sent);
      if (error == nullptr && !failed) return parser;
      const bool silent = !parser->got_some();
      stream.reset();
      if (reused && silent) continue;
      if (error != nullptr) rethrow(*error);
      throw Error{Errc::unavailable, "the service closed the connection without an answer"};
    }
  }

  template <class Parser>
  void finish(const Parser& parser) {
    if (!parser.get().keep_alive()) stream.reset();
  }

  Place place;
  TlsContext tls;
  std::optional<TlsStream> stream;
  boost::beast::flat_buffer buffer;
};

Client::Client(std::string url, std::vector<Bytes> anchors, Identity identity,
               std::shared_ptr<Botan::RandomNumberGenerator> rng)
    : impl_{guarded(Errc::bad_input, [&] {
        return std::make_unique<Impl>(place_of(url), anchors, std::move(identity), std::move(rng));
      })} {}

Client::Client(Client&&) noexcept = default;

Client::~Client() {
  if (impl_ != nullptr && impl_->stream) impl_->stream->close();
}

Response Client::get(std::string_view path) { return send("GET", path, {}, {}); }

Response Client::send(std::string_view method, std::string_view path, std::string_view content_type, ByteView body) {
  auto request = impl_->make(method, path);
  if (!content_type.empty()) request.set(http::field::content_type, std::string{content_type});
  request.body().assign(body.begin(), body.end());
  request.prepare_payload();
  const auto parser = impl_->exchange<http::response_parser<http::vector_body<std::uint8_t>>>(request);
  parser->body_limit(kAnswerLimit);
  if (parser->content_length().value_or(0) > kAnswerLimit)
    throw Error{Errc::unavailable, "the service's answer is too long"};
  BeastStream beast{*impl_->stream};
  boost::system::error_code failed;
  http::read(beast, impl_->buffer, *parser, failed);
  if (failed) throw Error{Errc::unavailable, "the service's answer broke off: " + failed.message()};
  const auto& answer = parser->get();
  const auto type = answer[http::field::content_type];
  Response response{answer.result_int(), {type.data(), type.size()}, parser->get().body()};
  impl_->finish(*parser);
  return response;
}

unsigned Client::download(std::string_view path, std::uint64_t offset, const std::function<void(ByteView)>& sink) {
  auto request = impl_->make("GET", path);
  if (offset > 0) request.set(http::field::range, "bytes=" + std::to_string(offset) + "-");
  const auto parser = impl_->exchange<http::response_parser<http::buffer_body>>(request);
  const unsigned status = parser->get().result_int();
  BeastStream beast{*impl_->stream};
  Bytes piece(16384);
  while (!parser->is_done()) {
    auto& body = parser->get().body();
    body.data = piece.data();
    body.size = piece.size();
    boost::system::error_code failed;
    impl_->stream->expires_at(within(kPatience));
    http::read(beast, impl_->buffer, *parser, failed);
    if (failed && failed != http::error::need_buffer) {
      impl_->stream.reset();
      throw Error{Errc::unavailable, "the download broke off: " + failed.message()};
    }
    if (status < 300) sink(ByteView{piece}.first(piece.size() - body.size));
  }
  impl_->finish(*parser);
  return status;
}

std::string Client::get_json(std::string_view path) { return require_success(get(path)); }

std::string Client::post_json(std::string_view path, std::string_view json) {
  return require_success(send("POST", path, "application/json", as_bytes(json)));
}

}  // namespace lamp::cloud
