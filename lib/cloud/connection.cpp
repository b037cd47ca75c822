#include "lib/cloud/connection.hpp"

#include <algorithm>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fstream>
#include <limits>

#include "lib/cloud/beast_stream.hpp"
#include "lib/cloud/byte_range.hpp"

namespace lamp::cloud {
namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t kHeadLimit = 16 * 1024;
constexpr std::size_t kPiece = 16384;

using Parser = http::request_parser<http::string_body>;

std::string text(boost::string_view view) { return {view.data(), view.size()}; }

std::string lower(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

bool expects_continue(const Parser& parser) {
  const auto& head = parser.get();
  return head.version() >= 11 && boost::beast::iequals(head[http::field::expect], "100-continue") && !parser.is_done();
}

bool may_call(const Router::Match& found, Role role) {
  if (found.route == nullptr) return false;
  const auto& roles = found.route->roles;
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

/// A request on its way to its answer.
struct Exchange {
  const http::request<http::string_body>& head;
  bool keep_alive;
};

}  // namespace

struct Connection::Impl {
  Impl(std::unique_ptr<Stream> with, const ConnectionContext& shared)
      : owned{std::move(with)}, stream{*owned}, beast{stream}, context{shared}, peer{stream.socket().peer()} {}

  void renew_deadline() { stream.expires_at(within(context.options.request)); }

  /// The head is read before anything is decided, the body only when somebody may send it here.
  Next serve_one() {
    Parser parser;
    parser.header_limit(kHeadLimit);
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    renew_deadline();
    boost::system::error_code failed;
    http::read_header(beast, buffer, parser, failed);
    if (failed == http::error::end_of_stream) return Next::close;
    if (failed) return refuse(parser, failed == http::error::header_limit ? 431 : 400, failed.message());

    Request request;
    request.method = parser.get().method() == http::verb::head ? "GET" : text(parser.get().method_string());
    std::tie(request.path, request.query) = split_target({parser.get().target().data(), parser.get().target().size()});
    const auto found = context.router.find(request.method, request.path);

    const auto caller = context.identify(stream.peer_certificate());
    if (!caller) return refuse(parser, 401, "this certificate is not known here");
    const auto limit = may_call(found, caller->role) ? found.route->body_limit : kDefaultBodyLimit;
    if (parser.content_length().value_or(0) > limit) return refuse(parser, 413, "the body is too long");
    parser.body_limit(limit);
    if (expects_continue(parser)) stream.write(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
    http::read(beast, buffer, parser, failed);
    if (failed) return refuse(parser, failed == http::error::body_limit ? 413 : 400, failed.message());

    request.caller = *caller;
    request.address = peer.substr(0, peer.rfind(':'));
    for (const auto& field : parser.get()) request.headers[lower(text(field.name_string()))] = text(field.value());
    request.parameters = found.parameters;
    request.body = std::move(parser.get().body());
    const Exchange exchange{parser.get(), parser.get().keep_alive()};
    send(exchange, answer(found, request));
    return exchange.keep_alive ? Next::wait : Next::close;
  }

  Reply answer(const Router::Match& found, const Request& request) const {
    if (found.status == 400) return error_reply(400, "malformed path");
    if (found.status == 405) return error_reply(405, "not with this method");
    if (found.route == nullptr) return error_reply(404, "nothing here");
    if (!may_call(found, request.caller.role)) return error_reply(403, "not with this certificate");
    const auto reply = attempt([&] { return guarded(Errc::internal, [&] { return found.route->act(request); }); });
    if (const auto* failed = std::get_if<Error>(&reply)) {
      if (failed->code() == Errc::internal || failed->code() == Errc::unavailable)
        context.log(request.method + " " + request.path + " by " + request.caller.name + ": " + failed->what());
      return error_reply(*failed);
    }
    return std::get<Reply>(reply);
  }

  Next refuse(const Parser& parser, unsigned status, const std::string& why) {
    send({parser.get(), false}, error_reply(status, why));
    return Next::close;
  }

  template <class Body>
  void prepare(http::response<Body>& response, const Exchange& exchange, const Reply& reply) {
    response.version(exchange.head.version() < 11 ? 10 : 11);
    response.result(reply.status);
    response.set(http::field::content_type, reply.content_type);
    response.set(http::field::cache_control, "no-store");
    for (const auto& [name, value] : reply.headers) response.set(name, value);
    response.keep_alive(exchange.keep_alive);
  }

  void send(const Exchange& exchange, const Reply& reply) {
    renew_deadline();
    if (reply.file) return send_file(exchange, reply);
    if (reply.status == 204 || reply.status == 304) return send_without_body(exchange, reply);
    if (exchange.head.method() == http::verb::head) {
      http::response<http::empty_body> response;
      prepare(response, exchange, reply);
      response.content_length(reply.body.size());
      send_head(response);
      return;
    }
    http::response<http::string_body> response;
    prepare(response, exchange, reply);
    response.body() = reply.body;
    response.prepare_payload();
    http::write(beast, response);
  }

  /// Not even a length: it would be taken for the one of what the client has (RFC 9110, section 15.4.5).
  void send_without_body(const Exchange& exchange, const Reply& reply) {
    http::response<http::empty_body> response;
    prepare(response, exchange, reply);
    response.erase(http::field::content_type);
    send_head(response);
  }

  void send_head(http::response<http::empty_body>& response) {
    http::response_serializer<http::empty_body> serializer{response};
    http::write_header(beast, serializer);
  }

  void send_file(const Exchange& exchange, const Reply& reply) {
    std::ifstream file{*reply.file, std::ios::binary | std::ios::ate};
    if (!file) return send(exchange, error_reply(404, "no such file"));
    const auto size = static_cast<std::uint64_t>(file.tellg());
    const auto range = ByteRange::choose(text(exchange.head[http::field::range]), size);
    http::response<http::empty_body> response;
    prepare(response, exchange, reply);
    response.set(http::field::accept_ranges, "bytes");
    response.result(range.status());
    if (range.status() != 200) response.set(http::field::content_range, range.content_range(size));
    response.content_length(range.length);
    send_head(response);
    if (exchange.head.method() != http::verb::head) send_bytes(file, range);
  }

  void send_bytes(std::ifstream& file, const ByteRange& range) {
    file.seekg(static_cast<std::streamoff>(range.first));
    Bytes piece(kPiece);
    for (auto left = range.length; left > 0;) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, kPiece));
      file.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(size));
      if (static_cast<std::size_t>(file.gcount()) != size) throw Error{Errc::unavailable, "a file ended early"};
      renew_deadline();
      stream.write(ByteView{piece}.first(size));
      left -= size;
    }
  }

  std::unique_ptr<Stream> owned;
  Stream& stream;
  BeastStream beast;
  ConnectionContext context;
  const std::string peer;  ///< kept: a socket that was reset does not know any more
  boost::beast::flat_buffer buffer{kHeadLimit + kPiece};
};

Connection::Connection(std::unique_ptr<Stream> stream, const ConnectionContext& context)
    : impl_{std::make_unique<Impl>(std::move(stream), context)} {}
Connection::~Connection() = default;

Connection::Next Connection::proceed() {
  impl_->renew_deadline();
  impl_->stream.pump();
  while (impl_->stream.has_plaintext() || impl_->buffer.size() > 0) {
    if (impl_->serve_one() == Next::close) return Next::close;
  }
  return impl_->stream.ended() ? Next::close : Next::wait;
}

void Connection::close() noexcept { impl_->stream.close(); }
bool Connection::established() const noexcept { return impl_->stream.established(); }
int Connection::descriptor() const noexcept { return impl_->stream.socket().descriptor(); }
const std::string& Connection::peer() const noexcept { return impl_->peer; }

}  // namespace lamp::cloud
