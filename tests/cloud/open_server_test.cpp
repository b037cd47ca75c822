// Servers that take clients without a certificate: over plain TCP, and over TLS that only asks for one.
#include <gmock/gmock.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <botan/system_rng.h>
#include <botan/x509cert.h>

#include <thread>

#include "lib/base/file.hpp"
#include "lib/cloud/plain_stream.hpp"
#include "lib/cloud/server.hpp"
#include "tests/cloud/test_pki.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::cloud {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::shared_ptr<Botan::RandomNumberGenerator> shared_rng() { return {std::shared_ptr<void>{}, &Botan::system_rng()}; }

/// Says what it sees of the request.
Router make_router(const std::filesystem::path& file) {
  Router router;
  router.add({.method = "GET", .pattern = "/seen", .roles = every_role(), .act = [](const Request& r) {
                const auto found = r.headers.find("if-none-match");
                return Reply{.content_type = "text/plain",
                             .body = std::string{role_text(r.caller.role)} + " " + r.address + " " +
                                     (found == r.headers.end() ? "-" : found->second),
                             .file = std::nullopt,
                             .headers = {{"ETag", "\"1\""}, {"Cache-Control", "max-age=5"}}};
              }});
  router.add({.method = "GET", .pattern = "/rest/{what*}", .roles = every_role(), .act = [](const Request& r) {
                return Reply{.content_type = "text/plain", .body = r.parameters.at("what"), .file = std::nullopt};
              }});
  router.add({.method = "GET", .pattern = "/same", .roles = every_role(), .act = [](const Request&) {
                return Reply{.status = 304, .body = {}, .file = std::nullopt, .headers = {{"ETag", "\"1\""}}};
              }});
  router.add({.method = "GET", .pattern = "/file", .roles = every_role(), .act = [file](const Request&) {
                return Reply{.content_type = "application/pkix-crl", .body = {}, .file = file};
              }});
  router.add({.method = "GET", .pattern = "/people", .roles = {Role::installer}, .act = [](const Request&) {
                return Reply{};
              }});
  return router;
}

std::optional<Caller> identify(const Bytes& certificate) {
  return Caller{certificate.empty() ? Role::stranger : Role::installer, "somebody", certificate};
}

class OpenServer : public testing::Test {
 protected:
  void SetUp() override { publish(directory_ / "file", "content"); }
  void serve(Server& server) {
    thread_ = std::jthread{[this, &server] { server.run(stop_); }};
  }
  void TearDown() override {
    const std::uint64_t one = 1;
    static_cast<void>(::write(stop_, &one, sizeof one) == sizeof one);
    if (thread_.joinable()) thread_.join();
    ::close(stop_);
  }
  static std::string ask(Stream& stream, const std::string& request) {
    stream.expires_at(within(std::chrono::seconds{5}));
    stream.write(as_bytes(request));
    std::string answer;
    static_cast<void>(attempt([&] {
      Bytes buffer(16384);
      while (const auto got = stream.read_some(buffer)) answer += to_text(ByteView{buffer}.first(got));
      return true;
    }));
    return answer;
  }

  test::TemporaryDirectory directory_;
  const Router router_ = make_router(directory_ / "file");
  int stop_ = ::eventfd(0, EFD_CLOEXEC);
  std::jthread thread_;
};

class PlainServer : public OpenServer {
 protected:
  void SetUp() override {
    OpenServer::SetUp();
    serve(server_);
  }
  std::string raw(const std::string& request) {
    PlainStream stream{Socket::connect("127.0.0.1", server_.port(), within(std::chrono::seconds{5}))};
    return ask(stream, request);
  }
  Server server_{{.workers = 2, .connections = 8}, router_, identify, [](const std::string&) {}};
};

TEST_F(PlainServer, KnowsItsPeersByAddressOnly) {
  const auto answer = raw("GET /seen HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"1\"\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nstranger 127.0.0.1 \"1\""));
}

TEST_F(PlainServer, LetsAnEndpointSayWhatCachesMayDo) {
  const auto answer = raw("GET /seen HTTP/1.0\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("ETag: \"1\"\r\n"));
  EXPECT_THAT(answer, HasSubstr("Cache-Control: max-age=5\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("no-store")));
}

TEST_F(PlainServer, AnswersTheOldVersionInKindAndHangsUp) {
  const auto answer = raw("GET /seen HTTP/1.0\r\n\r\nGET /seen HTTP/1.0\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.0 200 OK"));
  EXPECT_THAT(answer, EndsWith("stranger 127.0.0.1 -"));
  EXPECT_EQ(answer.find("HTTP/1.0", 1), std::string::npos);
  EXPECT_THAT(answer, Not(HasSubstr("chunked")));
}

TEST_F(PlainServer, SaysNotModifiedWithoutALength) {
  const auto answer = raw("GET /same HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 304"));
  EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(PlainServer, SendsFilesAndTheirHeads) {
  EXPECT_THAT(raw("GET /file HTTP/1.0\r\n\r\n"), EndsWith("\r\n\r\ncontent"));
  EXPECT_THAT(raw("HEAD /file HTTP/1.0\r\n\r\n"), HasSubstr("Content-Length: 7\r\n"));
}

TEST_F(PlainServer, GivesTheRestOfAPathDecoded) {
  EXPECT_THAT(raw("GET /rest/a//b%2Fc%3D+ HTTP/1.0\r\n\r\n"), EndsWith("\r\n\r\na//b/c=+"));
  EXPECT_THAT(raw("GET /rest/%00 HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.0 400"));
  EXPECT_THAT(raw("GET /rest/ HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.0 400"));
}

TEST_F(PlainServer, KeepsStrangersFromTheRest) {
  EXPECT_THAT(raw("GET /people HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.0 403"));
}

TEST_F(PlainServer, RefusesWhatIsNoHttpAndWhatIsTooLong) {
  EXPECT_THAT(raw("\x16\x03\x01 tls by mistake\r\n\r\n"), HasSubstr(" 400 "));
  EXPECT_THAT(raw("GET / HTTP/1.1\r\nX: " + std::string(20000, 'x') + "\r\n\r\n"), StartsWith("HTTP/1.1 431"));
}

class AskingServer : public OpenServer {
 protected:
  void SetUp() override {
    OpenServer::SetUp();
    serve(server_);
  }
  TlsContext server_context() {
    const auto identity = servers_.issue({.name = "localhost", .usage = "PKIX.ServerAuth", .host = "localhost"});
    const auto check = [](const std::vector<Botan::X509_Certificate>& chain) -> std::optional<PeerFault> {
      if (chain.size() > 1) return std::nullopt;
      return PeerFault{PeerFault::Kind::revoked, "revoked"};
    };
    return {identity.chain, identity.key, {root_.certificate()}, check, shared_rng(), ClientCertificate::optional};
  }
  /// The answer to a request of somebody with these certificates.
  std::string raw(const std::vector<Bytes>& chain, const std::shared_ptr<Botan::Private_Key>& key) {
    const TlsContext tls{chain, key, {}, [](const auto&) { return std::nullopt; }, shared_rng()};
    auto stream = TlsStream::connect(Socket::connect("localhost", server_.port(), within(std::chrono::seconds{5})), tls,
                                     "localhost", within(std::chrono::seconds{5}));
    return ask(stream, "GET /seen HTTP/1.0\r\n\r\n");
  }

  test::TestAuthority root_{"Test Root"};
  test::TestAuthority servers_{"Test Servers", root_};
  Server server_{{.workers = 2, .connections = 8}, server_context(), router_, identify, [](const std::string&) {}};
};

TEST_F(AskingServer, KnowsWhoShowsACertificate) {
  const auto identity = servers_.issue({.name = "installer-1"});
  EXPECT_THAT(raw(identity.chain, identity.key), HasSubstr("installer 127.0.0.1"));
}

TEST_F(AskingServer, StillJudgesACertificateThatIsShown) {
  const auto identity = servers_.issue({.name = "installer-1"});
  EXPECT_EQ(raw({identity.chain.front()}, identity.key), "");
}

}  // namespace
}  // namespace lamp::cloud
