// HTTP as clients really speak it, through real TLS.
#include <gmock/gmock.h>

#include <chrono>

#include "lib/base/file.hpp"
#include "tests/cloud/running_service.hpp"

namespace lamp::cloud {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class Http : public testing::Test {
 protected:
  Client client() { return service_.client(installer_); }

  /// Sends the bytes as they are and gives what comes until the service closes or says nothing for a while.
  std::string raw(const std::string& request, std::chrono::milliseconds patience = std::chrono::milliseconds{1500}) {
    const TlsContext tls{installer_.chain,
                         installer_.key,
                         {service_.root.certificate()},
                         [](const auto&) { return std::nullopt; },
                         {std::shared_ptr<void>{}, &Botan::system_rng()}};
    auto stream = TlsStream::connect(Socket::connect("localhost", service_.port(), within(patience)), tls, "localhost",
                                     within(std::chrono::seconds{5}));
    stream.expires_at(within(patience));
    stream.write(as_bytes(request));
    std::string answer;
    static_cast<void>(attempt([&] {
      Bytes buffer(16384);
      while (const auto got = stream.read_some(buffer)) answer += to_text(ByteView{buffer}.first(got));
      return true;
    }));
    return answer;
  }

  test::RunningService service_;
  Identity installer_ = service_.person("installer-1", "installer");
};

TEST_F(Http, KeepsTheConnection) {
  auto one = client();
  EXPECT_EQ(one.get("/api/v1/whoami").status, 200U);
  EXPECT_EQ(to_text(one.send("POST", "/test/echo", "text/plain", as_bytes("again")).body), "again");
  EXPECT_EQ(to_text(one.get("/api/v1/whoami").body), R"({"name":"installer-1","role":"installer"})");
}

TEST_F(Http, AnswersPipelinedRequestsInOrder) {
  const auto answer = raw(
      "POST /test/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\noneGET /api/v1/whoami HTTP/1.1\r\nHost: x\r\n"
      "Connection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("\r\n\r\noneHTTP/1.1 200 OK"));
  EXPECT_THAT(answer, EndsWith("\"installer\"}"));
}

TEST_F(Http, SpeaksTheOldVersionToOldClients) {
  const auto answer = raw("GET /api/v1/whoami HTTP/1.0\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.0 200 OK"));
}

TEST_F(Http, SaysContinueToThoseWhoWait) {
  const auto answer = raw("POST /test/echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
                          std::chrono::milliseconds{500});
  EXPECT_EQ(answer, "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_F(Http, TakesAChunkedBody) {
  const auto answer =
      raw("POST /test/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
          "3\r\none\r\n2\r\n++\r\n0\r\n\r\n");
  EXPECT_THAT(answer, EndsWith("\r\n\r\none++"));
}

TEST_F(Http, RefusesABodyThatIsTooLongByItsLengthAndByItsChunks) {
  EXPECT_THAT(raw("POST /test/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(raw("POST /test/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n"),
              StartsWith("HTTP/1.1 413"));
}

TEST_F(Http, RefusesAHeadThatIsTooLongOrNone) {
  EXPECT_THAT(raw("GET / HTTP/1.1\r\nX: " + std::string(20000, 'x') + "\r\n\r\n"), StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(raw("\x16\x03\x01 what is this\r\n\r\n"), HasSubstr(" 400 "));
}

TEST_F(Http, SendsPartsOfFiles) {
  Bytes got;
  auto one = client();
  const auto status = one.download("/test/file", 70000, [&](ByteView piece) { append(got, piece); });
  EXPECT_EQ(status, 206U);
  EXPECT_EQ(to_text(got), std::string(30000, 'b'));
  EXPECT_EQ(one.get("/api/v1/whoami").status, 200U);
}

TEST_F(Http, SendsWholeFiles) {
  std::size_t size = 0;
  EXPECT_EQ(client().download("/test/file", 0, [&](ByteView piece) { size += piece.size(); }), 200U);
  EXPECT_EQ(size, 100000U);
}

TEST_F(Http, AnswersHeadWithTheLengthAlone) {
  const auto answer = raw("HEAD /test/file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 100000\r\n"));
  EXPECT_THAT(answer, HasSubstr("Accept-Ranges: bytes\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(Http, SaysWhatCannotBeSatisfied) {
  const auto answer = raw("GET /test/file HTTP/1.1\r\nHost: x\r\nRange: bytes=100000-\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 416"));
  EXPECT_THAT(answer, HasSubstr("Content-Range: bytes */100000"));
}

TEST_F(Http, KeepsFaultsInside) {
  const auto answer = client().get("/test/fault");
  EXPECT_EQ(answer.status, 500U);
  EXPECT_THAT(to_text(answer.body), testing::Not(HasSubstr("secret detail")));
  EXPECT_THAT(service_.log(), HasSubstr("secret detail"));
}

TEST_F(Http, KnowsWhatIsNotThere) {
  EXPECT_EQ(client().get("/nothing").status, 404U);
  EXPECT_EQ(client().send("DELETE", "/test/file", {}, {}).status, 405U);
  EXPECT_EQ(client().get("/../etc/passwd").status, 400U);
}

TEST_F(Http, ServesMoreIdleConnectionsThanItHasWorkers) {
  std::vector<Client> idle;
  for (int i = 0; i < 12; ++i) {
    idle.push_back(client());
    ASSERT_EQ(idle.back().get("/api/v1/whoami").status, 200U);
  }
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(client().get("/api/v1/whoami").status, 200U);
  EXPECT_EQ(idle.front().get("/api/v1/whoami").status, 200U);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{5});
}

TEST_F(Http, StoresArtifactsUnderTheirDigest) {
  ArtifactStore store{service_.directory / "store"};
  const auto put = store.put(as_bytes("abc"));
  EXPECT_EQ(put.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(put.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(put.md5, "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(put.size, 3U);
  EXPECT_EQ(store.put(as_bytes("abc")).file, put.file);
  EXPECT_FALSE(store.find(std::string(64, '0')));
  EXPECT_FALSE(store.find("../registry.db"));
  publish(put.file, "abd");
  EXPECT_THROW(static_cast<void>(ArtifactStore{service_.directory / "store"}.find(put.sha256)), Error);
}

}  // namespace
}  // namespace lamp::cloud
