// Who gets in, and who does not: with real handshakes on a loopback port.
#include <botan/credentials_manager.h>
#include <botan/tls_callbacks.h>
#include <botan/tls_client.h>
#include <botan/tls_policy.h>
#include <botan/tls_session_manager_noop.h>
#include <gmock/gmock.h>

#include "tests/cloud/running_service.hpp"

namespace lamp::cloud {
namespace {

using test::RunningService;
using testing::HasSubstr;

class Handshake : public testing::Test {
 protected:
  /// The HTTP status, or the failure's text.
  std::string whoami(Identity identity) {
    const auto outcome = attempt([&] { return service_.client(std::move(identity)).get("/api/v1/whoami"); });
    if (const auto* failed = std::get_if<Error>(&outcome)) return failed->what();
    return std::to_string(std::get<Response>(outcome).status);
  }
  std::string poll(Identity identity, const std::string& serial) {
    const auto outcome =
        attempt([&] { return service_.client(std::move(identity)).get("/default/controller/v1/" + serial); });
    if (const auto* failed = std::get_if<Error>(&outcome)) return failed->what();
    return std::to_string(std::get<Response>(outcome).status);
  }

  RunningService service_;
};

TEST_F(Handshake, LetsAPersonIn) { EXPECT_EQ(whoami(service_.person("installer-1", "installer")), "200"); }

TEST_F(Handshake, LetsARegisteredDeviceIn) { EXPECT_EQ(poll(service_.device(1), "SL-26-000001"), "200"); }

TEST_F(Handshake, RefusesACertificateOfAnotherRoot) {
  const test::TestAuthority other{"Other Root"};
  EXPECT_THAT(whoami(other.issue({.name = "installer-1", .unit = "installer"})), HasSubstr("refused the connection"));
}

TEST_F(Handshake, RefusesAnotherAuthorityUnderOurRoot) {
  const test::TestAuthority sibling{"Sibling", service_.root};
  EXPECT_THAT(whoami(sibling.issue({.name = "installer-1", .unit = "installer"})), HasSubstr("refused the connection"));
}

TEST_F(Handshake, RefusesAnAuthorityThatOnlyBearsOurAuthoritysName) {
  const test::TestAuthority twin{"Test Clients", service_.root};
  EXPECT_THAT(whoami(twin.issue({.name = "installer-1", .unit = "installer"})), HasSubstr("refused the connection"));
}

TEST_F(Handshake, RefusesAServersCertificate) {
  EXPECT_THAT(whoami(service_.clients.issue({.name = "x", .unit = "installer", .usage = "PKIX.ServerAuth"})),
              HasSubstr("refused the connection"));
}

TEST_F(Handshake, RefusesARevokedPersonAsSoonAsTheListIsPublished) {
  const auto person = service_.person("installer-1", "installer");
  auto open = service_.client(person);
  ASSERT_EQ(open.get("/api/v1/whoami").status, 200U);
  service_.clients.write_crl(service_.directory / "client.crl", {person.chain.front()});
  EXPECT_EQ(open.get("/api/v1/whoami").status, 401U);
  EXPECT_THAT(whoami(person), HasSubstr("refused the connection"));
  EXPECT_EQ(whoami(service_.person("installer-2", "installer")), "200");
}

TEST_F(Handshake, KeepsTheLastGoodListWhenABadOneIsPublished) {
  const auto person = service_.person("installer-1", "installer");
  service_.clients.write_crl(service_.directory / "client.crl", {person.chain.front()});
  ASSERT_THAT(whoami(person), HasSubstr("refused the connection"));
  service_.devices.write_crl(service_.directory / "client.crl");
  EXPECT_THAT(whoami(person), HasSubstr("refused the connection"));
  EXPECT_THAT(service_.log(), HasSubstr("keeping the previous revocation list"));
}

TEST_F(Handshake, RefusesARevokedDevicesList) {
  const auto device = service_.device(1);
  service_.devices.write_crl(service_.directory / "device.crl", {device.chain.front()});
  EXPECT_THAT(poll(device, "SL-26-000001"), HasSubstr("refused the connection"));
}

TEST_F(Handshake, RefusesADeviceThatTheRegistryDoesNotKnow) {
  EXPECT_EQ(poll(service_.unregistered_device(1), "SL-26-000001"), "401");
}

TEST_F(Handshake, RefusesARevokedDeviceOnAnOpenConnection) {
  auto open = service_.client(service_.device(1));
  ASSERT_EQ(open.get("/default/controller/v1/SL-26-000001").status, 200U);
  service_.write([](store::Transaction& t) { return registry::revoke_device(t, "SL-26-000001", test::kNow); });
  EXPECT_EQ(open.get("/default/controller/v1/SL-26-000001").status, 401U);
}

TEST_F(Handshake, RefusesADeviceInAnothersPath) {
  static_cast<void>(service_.device(2));
  EXPECT_EQ(poll(service_.device(1), "SL-26-000002"), "403");
}

TEST_F(Handshake, KeepsDevicesAndPeopleApart) {
  EXPECT_EQ(whoami(service_.device(1)), "403");
  EXPECT_EQ(poll(service_.person("installer-1", "installer"), "SL-26-000001"), "403");
}

TEST_F(Handshake, RefusesAPersonWithoutAKnownRole) {
  EXPECT_EQ(whoami(service_.person("visitor-1", "visitor")), "401");
  EXPECT_EQ(whoami(service_.person("fake-1", "device")), "401");
}

TEST_F(Handshake, ChecksTheServersName) {
  Client wrong{"https://127.0.0.1:" + std::to_string(service_.port()),
               {service_.root.certificate()},
               service_.person("installer-1", "installer"),
               {std::shared_ptr<void>{}, &Botan::system_rng()}};
  const auto outcome = attempt([&] { return wrong.get("/api/v1/whoami"); });
  ASSERT_TRUE(std::holds_alternative<Error>(outcome));
  EXPECT_THAT(std::get<Error>(outcome).what(), HasSubstr("certificate does not hold"));
}

TEST_F(Handshake, ChecksTheServersRoot) {
  const test::TestAuthority other{"Other Root"};
  Client wrong{service_.url(),
               {other.certificate()},
               service_.person("installer-1", "installer"),
               {std::shared_ptr<void>{}, &Botan::system_rng()}};
  EXPECT_THROW(static_cast<void>(wrong.get("/api/v1/whoami")), Error);
}

/// A TLS client without a certificate, in as few lines as Botan allows.
class Anonymous final : public Botan::TLS::Callbacks {
 public:
  explicit Anonymous(const Socket& socket) : socket_{socket} {}
  void tls_emit_data(std::span<const std::uint8_t> data) override {
    socket_.send(data, within(std::chrono::seconds{5}));
  }
  void tls_record_received(std::uint64_t /*n*/, std::span<const std::uint8_t> data) override { append(received, data); }
  void tls_alert(Botan::TLS::Alert alert) override { alerts += alert.type_string() + " "; }
  void tls_verify_cert_chain(const std::vector<Botan::X509_Certificate>& /*chain*/,
                             const std::vector<std::optional<Botan::OCSP::Response>>& /*ocsp*/,
                             const std::vector<Botan::Certificate_Store*>& /*roots*/, Botan::Usage_Type /*usage*/,
                             std::string_view /*host*/, const Botan::TLS::Policy& /*policy*/) override {}
  Bytes received;
  std::string alerts;

 private:
  const Socket& socket_;
};

class OnlyVersion final : public Botan::TLS::Policy {
 public:
  explicit OnlyVersion(bool tls13) : tls13_{tls13} {}
  bool allow_tls13() const override { return tls13_; }
  bool allow_tls12() const override { return !tls13_; }

 private:
  bool tls13_;
};

class WithoutCertificate : public testing::TestWithParam<bool> {};

TEST_P(WithoutCertificate, NobodyGetsIn) {
  const RunningService service;
  const auto socket = Socket::connect("localhost", service.port(), within(std::chrono::seconds{5}));
  const auto events = std::make_shared<Anonymous>(socket);
  const std::shared_ptr<Botan::RandomNumberGenerator> rng{std::shared_ptr<void>{}, &Botan::system_rng()};
  Botan::TLS::Client client{events,
                            std::make_shared<Botan::TLS::Session_Manager_Noop>(),
                            std::make_shared<Botan::Credentials_Manager>(),
                            std::make_shared<OnlyVersion>(GetParam()),
                            rng,
                            Botan::TLS::Server_Information{"localhost"},
                            GetParam() ? Botan::TLS::Protocol_Version::TLS_V13 : Botan::TLS::Protocol_Version::TLS_V12};
  static_cast<void>(attempt([&] {
    Bytes buffer(16384);
    for (std::size_t got = 1; got > 0 && events->alerts.empty();) {
      got = socket.receive(buffer, within(std::chrono::seconds{5}));
      if (got > 0) guarded(Errc::unavailable, [&] { client.received_data(ByteView{buffer}.first(got)); });
    }
    return true;
  }));
  EXPECT_TRUE(events->received.empty());
  EXPECT_FALSE(events->alerts.empty());
  EXPECT_THAT(service.log("refused 127.0.0.1"), HasSubstr("refused 127.0.0.1"));
}

INSTANTIATE_TEST_SUITE_P(Versions, WithoutCertificate, testing::Bool(),
                         [](const auto& test) { return test.param ? "Tls13" : "Tls12"; });

TEST(Listening, OnAPortInUseSaysSo) {
  const auto first = Socket::listen("127.0.0.1", 0);
  const auto second = attempt([&] { return Socket::listen("127.0.0.1", first.local_port()); });
  ASSERT_TRUE(std::holds_alternative<Error>(second));
  EXPECT_EQ(std::get<Error>(second).code(), Errc::unavailable);
  EXPECT_THAT(std::get<Error>(second).what(), HasSubstr("is in use"));
}

TEST(Connecting, WhereNobodyListensSaysSo) {
  std::uint16_t port = 0;
  {
    port = Socket::listen("127.0.0.1", 0).local_port();
  }
  const auto outcome = attempt([&] { return Socket::connect("127.0.0.1", port, within(std::chrono::seconds{5})); });
  ASSERT_TRUE(std::holds_alternative<Error>(outcome));
  EXPECT_THAT(std::get<Error>(outcome).what(), HasSubstr("cannot reach 127.0.0.1"));
}

}  // namespace
}  // namespace lamp::cloud
