#include "lib/config/site.hpp"

#include <gmock/gmock.h>

#include <string>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::config {
namespace {

const std::string kSite = R"(site: demo
tokens:
  root: {module: /usr/lib/softhsm/libsofthsm2.so, uri: "pkcs11:token=root", pin-file: pins/root}
authorities: {root: root, device: root}
people:
  op: {token: root, key: client, certificate: ca/client/certs/op.pem}
quorums: {release: release, order: release, order-approvals: 1}
cloud: {url: "https://localhost:8443", listen: "127.0.0.1:8443", database: cloud/registry.db, artifacts: cloud/artifacts}
state: state.db
log: {directory: log, origin: demo/host}
)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  return text.replace(text.find(what), what.size(), by);
}

TEST(Site, PathsAreBelowItsFolder) {
  const test::TemporaryDirectory place;
  publish(place / "site.yaml", kSite);
  const auto site = Site::find(place.path().string());
  EXPECT_EQ(site.token("root").pin_file, place / "pins/root");
  EXPECT_EQ(site.person("op").certificate, place / "ca/client/certs/op.pem");
  EXPECT_EQ(site.person("op").share_key, "share");
  EXPECT_EQ(site.cloud_listen_port, 8443);
}

TEST(Site, AnUnknownNameIsAnsweredWithTheKnownOnes) {
  const test::TemporaryDirectory place;
  publish(place / "site.yaml", kSite);
  const auto site = Site::find((place / "site.yaml").string());
  try {
    (void)site.token("rot");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::not_found);
    EXPECT_THAT(e.what(), testing::HasSubstr("there are: root"));
  }
}

const std::string kService = R"(ca-service:
  https: "127.0.0.1:28444"
  http: "[::1]:0"
  server: op
  enrolment:
    ldevid: {to: devices, vouched-by: device, authority: root, profile: ldevid}
  ocsp: [device, {authority: root, signer: ocsp-1}]
)";

TEST(Site, SaysWhatTheCertificateServiceGivesOut) {
  const test::TemporaryDirectory place;
  publish(place / "site.yaml", kSite + kService);
  const auto site = Site::find(place.path().string());
  ASSERT_TRUE(site.ca_service);
  EXPECT_EQ(site.ca_service->https.port, 28444);
  EXPECT_EQ(site.ca_service->http.address, "::1");
  ASSERT_EQ(site.ca_service->enrolment.size(), 1U);
  EXPECT_EQ(site.ca_service->enrolment.front().label, "ldevid");
  ASSERT_EQ(site.ca_service->ocsp.size(), 2U);
  EXPECT_EQ(site.ca_service->ocsp[0].authority, "device");
  EXPECT_EQ(site.ca_service->ocsp[0].signer, "");
  EXPECT_EQ(site.ca_service->ocsp[1].authority, "root");
  EXPECT_EQ(site.ca_service->ocsp[1].signer, "ocsp-1");
}

TEST(Site, SaysWhoCertifiesForItsStations) {
  const test::TemporaryDirectory place;
  publish(place / "site.yaml", kSite + "line-server: {url: \"https://ca:8444\", label: idevid, authority: factory}\n");
  const auto site = Site::find(place.path().string());
  ASSERT_TRUE(site.line_server);
  EXPECT_EQ(site.line_server->url, "https://ca:8444");
  EXPECT_EQ(site.line_server->label, "idevid");
  EXPECT_EQ(site.line_server->authority, "factory");
  publish(place / "site.yaml", kSite + "line-server: {url: \"https://ca:8444\", authority: device}\n");
  EXPECT_EQ(Site::find(place.path().string()).line_server->label, "");
}

TEST(Site, RefusesALineServerThatIsNoHttpsOrLeavesTheFolder) {
  const test::TemporaryDirectory place;
  for (const char* bad : {"{url: \"http://ca:8444\", authority: device}", "{url: \"https://ca:8444\", authority: ../x}",
                          "{url: \"https://ca:8444\", label: a/b, authority: device}", "{url: \"https://ca:8444\"}",
                          "{url: \"https://ca:8444\", authority: device, pin: 1}"}) {
    publish(place / "site.yaml", kSite + "line-server: " + bad + "\n");
    EXPECT_THROW((void)Site::find(place.path().string()), Error) << bad;
  }
}

struct Case {
  const char* name;
  const char* what;
  const char* by;
  const char* says;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class BadSite : public testing::TestWithParam<Case> {};

TEST_P(BadSite, IsRefusedWithItsPlace) {
  const test::TemporaryDirectory place;
  publish(place / "site.yaml", replaced(kSite + kService, GetParam().what, GetParam().by));
  try {
    (void)Site::find(place.path().string());
    FAIL() << "it was accepted";
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr(GetParam().says));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Malformed, BadSite,
    testing::Values(Case{"RelativeModule", "/usr/lib/softhsm/", "", "absolute path"},
                    Case{"UnknownToken", "{root: root,", "{root: rot,", "no token 'rot'"},
                    Case{"BadPort", "127.0.0.1:8443", "127.0.0.1:84430", "site.yaml:8:"},
                    Case{"TokenName", "root: {module", "Ro/ot: {module", "is not a name"},
                    Case{"UnknownKey", "state: state.db", "sate: state.db", "'sate' is not known here"},
                    Case{"ServiceOfNobody", "server: op", "server: oq", "no 'oq' among people"},
                    Case{"UnknownAuthority", "authority: root", "authority: rot", "no authority 'rot'"},
                    Case{"ForNobody", "to: devices", "to: people", "none of devices, stations"},
                    Case{"OwnApplicants", "vouched-by: device", "vouched-by: root", "does not vouch for its own"},
                    Case{"LabelWithASlash", "ldevid: {to", "a/b: {to", "is not a name"},
                    Case{"NoPort", "[::1]:0", "localhost", "ADDRESS:PORT is expected"}),
    [](const auto& of) { return of.param.name; });

}  // namespace
}  // namespace lamp::config
