// EST as its endpoints answer it; TLS and HTTP are tested elsewhere.
#include "lib/cloud/est_api.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/cloud/revocation_api.hpp"
#include "lib/pki/est.hpp"
#include "tests/pki/small_enrolment.hpp"

namespace lamp::cloud {
namespace {

using testing::HasSubstr;
using testing::Not;

class EstApi : public testing::Test {
 protected:
  EstApi() {
    add_est_routes(router_, {site_.desk(), clock_, limits_, [this](const std::string& line) { log_ += line + "\n"; }});
  }
  Request request_of(const std::string& who) {
    auto applicant = site_.applicant(who);
    Request request;
    const bool stranger = applicant.certificate.empty();
    const auto role = who == "station" ? Role::station : Role::device;
    request.caller = {stranger ? Role::stranger : role, applicant.name, std::move(applicant.certificate),
                      std::move(applicant.authority)};
    request.address = "192.0.2.7";
    request.headers["content-type"] = "application/pkcs10";
    return request;
  }
  Reply ask(const std::string& method, const std::string& path, Request request) {
    const auto found = router_.find(method, "/.well-known/est/" + path);
    if (found.route == nullptr) return error_reply(found.status, "no route");
    request.parameters = found.parameters;
    return found.route->act(request);
  }
  std::string body(const Botan::Private_Key& key, const std::string& subject = {}) const {
    return pki::est::encode_body(site_.request(key, subject));
  }

  test::SmallEnrolment site_;
  FixedClock clock_{test::kNow};
  RateLimits limits_;
  Router router_;
  std::string log_;
};

TEST_F(EstApi, GivesEverybodyTheAuthorities) {
  const auto reply = ask("GET", "cacerts", request_of("nobody"));
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.content_type, "application/pkcs7-mime; smime-type=certs-only");
  EXPECT_THAT(reply.headers, testing::Contains(testing::Pair("Content-Transfer-Encoding", "base64")));
  EXPECT_EQ(ask("GET", "ldevid/cacerts", request_of("nobody")).status, 200U);
  EXPECT_EQ(ask("GET", "other/cacerts", request_of("nobody")).status, 404U);
}

TEST_F(EstApi, AsksForTheKeyThatTheProfileWants) {
  const auto reply = ask("GET", "csrattrs", request_of("idevid"));
  EXPECT_EQ(reply.content_type, "application/csrattrs");
  EXPECT_EQ(pki::est::decode_body(reply.body), pki::est::request_attributes(test::delivered_profile("ldevid").key));
}

TEST_F(EstApi, EnrolsADevice) {
  auto request = request_of("idevid");
  request.body = body(*test::make_key());
  const auto reply = ask("POST", "ldevid/simpleenroll", request);
  EXPECT_EQ(reply.status, 200U);
  EXPECT_THAT(log_, HasSubstr("simpleenroll by idevid: certificate "));
  EXPECT_EQ(ask("POST", "simpleenroll", request).body, reply.body);
}

TEST_F(EstApi, SaysTheSameToEverybodyWithoutARight) {
  const auto wanted = body(*test::make_key(), "SL-26-000001");
  for (const char* who : {"nobody", "operator", "unregistered idevid"}) {
    auto request = request_of(who);
    request.body = wanted;
    const auto reply = ask("POST", "simpleenroll", request);
    EXPECT_EQ(reply.status, 403U) << who;
    EXPECT_EQ(reply.body, "not with this certificate\n") << who;
  }
  EXPECT_EQ(std::count(log_.begin(), log_.end(), '\n'), 3);
  EXPECT_THAT(log_, HasSubstr("refused simpleenroll to operator at 192.0.2.7: it is no station\n"));
}

TEST_F(EstApi, TellsAStationWhatIsWrongWithItsOrder) {
  auto request = request_of("station");
  request.body = body(*test::make_key(), "SL-26-000008");
  const auto reply = ask("POST", "idevid/simpleenroll", request);
  EXPECT_EQ(reply.status, 403U);
  EXPECT_EQ(reply.body, "no order of station line1 has it\n");
}

TEST_F(EstApi, TellsAKnownDeviceWhatIsWrongWithItsRequest) {
  auto request = request_of("idevid");
  request.body = "no base64";
  EXPECT_EQ(ask("POST", "simpleenroll", request).status, 400U);
  request.body = pki::est::encode_body(Bytes{0x30, 0x00});
  EXPECT_EQ(ask("POST", "simpleenroll", request).status, 400U);
  request.headers["content-type"] = "text/plain";
  EXPECT_EQ(ask("POST", "simpleenroll", request).status, 415U);
}

TEST_F(EstApi, TellsAStrangerNothingAboutItsRequest) {
  auto request = request_of("nobody");
  request.body = "no base64";
  EXPECT_EQ(ask("POST", "simpleenroll", request).status, 403U);
}

TEST_F(EstApi, KeepsForeignTextOutOfItsLines) {
  auto request = request_of("nobody");
  request.caller.name = "a\nlamp-ca: all is well\x1b[2J";
  (void)ask("POST", "simpleenroll", request);
  EXPECT_EQ(std::count(log_.begin(), log_.end(), '\n'), 1);
  EXPECT_THAT(log_, Not(HasSubstr("\x1b")));
}

TEST_F(EstApi, LetsADeviceThatAsksTooOftenWait) {
  const auto request = request_of("idevid");
  for (int i = 0; i < 20; ++i) ASSERT_EQ(ask("GET", "csrattrs", request).status, 200U);
  const auto reply = ask("GET", "csrattrs", request);
  EXPECT_EQ(reply.status, 429U);
  EXPECT_THAT(reply.headers, testing::Contains(testing::Pair("Retry-After", "3")));
  EXPECT_EQ(ask("GET", "cacerts", request_of("nobody")).status, 200U);
}

class RevocationApi : public testing::Test {
 protected:
  RevocationApi() {
    publish(folder_ / "crl.der", "a list");
    add_revocation_routes(
        router_,
        {.ocsp =
             [](ByteView request) { return request.empty() ? Bytes{0x30, 3, 0x0A, 1, 1} : Bytes{0x30, 3, 0x0A, 1, 0}; },
         .list = [this](const std::string& authority, const std::string& file) -> std::optional<std::filesystem::path> {
           if (authority != "device" || file != "crl.der") return std::nullopt;
           return folder_ / "crl.der";
         },
         .certificate = [](const std::string&) { return std::nullopt; },
         .limits = limits_});
  }
  Reply get(const std::string& path, const std::map<std::string, std::string>& headers = {}) {
    const auto found = router_.find("GET", path);
    if (found.route == nullptr) return error_reply(found.status, "no route");
    Request request;
    request.caller.role = Role::stranger;
    request.parameters = found.parameters;
    request.headers = headers;
    return found.route->act(request);
  }
  static std::string header(const Reply& reply, const std::string& name) {
    for (const auto& [key, value] : reply.headers)
      if (key == name) return value;
    return {};
  }

  test::TemporaryDirectory folder_;
  RateLimits limits_;
  Router router_;
};

TEST_F(RevocationApi, SendsAListOnlyToThoseWhoDoNotHaveIt) {
  const auto first = get("/crl/device/crl.der");
  ASSERT_EQ(first.status, 200U);
  const auto tag = header(first, "ETag"), modified = header(first, "Last-Modified");
  EXPECT_EQ(get("/crl/device/crl.der", {{"if-none-match", tag}}).status, 304U);
  EXPECT_EQ(get("/crl/device/crl.der", {{"if-none-match", "\"x\", W/" + tag}}).status, 304U);
  EXPECT_EQ(get("/crl/device/crl.der", {{"if-none-match", "\"x\""}, {"if-modified-since", modified}}).status, 200U);
  EXPECT_EQ(get("/crl/device/crl.der", {{"if-modified-since", modified}}).status, 304U);
  publish(folder_ / "crl.der", "a newer list");
  EXPECT_EQ(get("/crl/device/crl.der", {{"if-none-match", tag}}).status, 200U);
}

TEST_F(RevocationApi, SaysNothingOfOtherFiles) {
  EXPECT_EQ(get("/crl/device/chain.pem").status, 404U);
  EXPECT_EQ(get("/crl/other/crl.der").status, 404U);
  EXPECT_EQ(get("/ca/device/cert.der").status, 404U);
}

TEST_F(RevocationApi, LetsCachesKeepAnswersButNoFailures) {
  const auto good = get("/ocsp/MAA=");
  EXPECT_EQ(good.content_type, "application/ocsp-response");
  EXPECT_THAT(header(good, "Cache-Control"), HasSubstr("public, max-age="));
  EXPECT_EQ(get("/ocsp/MAA=", {{"if-none-match", header(good, "ETag")}}).status, 304U);
  const auto bad = get("/ocsp/rubbish");
  EXPECT_EQ(bad.status, 200U);
  EXPECT_EQ(header(bad, "Cache-Control"), "");
}

}  // namespace
}  // namespace lamp::cloud
