// A TLS server whose key is in a token: Botan must find nothing missing in it.
#include <botan/auto_rng.h>
#include <botan/tls.h>
#include <botan/tls_session_manager_noop.h>
#include <botan/x509self.h>
#include <gtest/gtest.h>

#include "tests/support/softhsm.hpp"

namespace lamp::hsm {
namespace {

using test::SoftHsm;

/// One version of TLS only.
class OneVersion final : public Botan::TLS::Policy {
 public:
  explicit OneVersion(Botan::TLS::Protocol_Version version) : is_13_{version.is_tls_13_or_later()} {}
  bool allow_tls12() const override { return !is_13_; }
  bool allow_tls13() const override { return is_13_; }

 private:
  bool is_13_;
};

/// One end of a connection in memory: what it sends waits in `sent`.
class End final : public Botan::TLS::Callbacks {
 public:
  Bytes sent;
  bool ready = false;
  void tls_emit_data(std::span<const std::uint8_t> data) override { append(sent, data); }
  void tls_record_received(std::uint64_t, std::span<const std::uint8_t>) override {}
  void tls_alert(Botan::TLS::Alert alert) override { ADD_FAILURE() << alert.type_string(); }
  void tls_session_activated() override { ready = true; }
  // The chain is not what is tested; the handshake's signature is checked against the certificate all the same.
  void tls_verify_cert_chain(const std::vector<Botan::X509_Certificate>&,
                             const std::vector<std::optional<Botan::OCSP::Response>>&,
                             const std::vector<Botan::Certificate_Store*>&, Botan::Usage_Type, std::string_view,
                             const Botan::TLS::Policy&) override {}
};

class OneKey final : public Botan::Credentials_Manager {
 public:
  OneKey(Botan::X509_Certificate certificate, std::shared_ptr<Botan::Private_Key> key)
      : certificate_{std::move(certificate)}, key_{std::move(key)} {}
  std::vector<Botan::X509_Certificate> find_cert_chain(const std::vector<std::string>&,
                                                       const std::vector<Botan::AlgorithmIdentifier>&,
                                                       const std::vector<Botan::X509_DN>&, const std::string& type,
                                                       const std::string&) override {
    if (type != "tls-server") return {};
    return {certificate_};
  }
  std::shared_ptr<Botan::Private_Key> private_key_for(const Botan::X509_Certificate&, const std::string&,
                                                      const std::string&) override {
    return key_;
  }

 private:
  Botan::X509_Certificate certificate_;
  std::shared_ptr<Botan::Private_Key> key_;
};

class TlsTest : public test::SoftHsmTest, public testing::WithParamInterface<Botan::TLS::Version_Code> {};

TEST_P(TlsTest, ServesWithATokenKey) {
  const auto rng = std::make_shared<Botan::AutoSeeded_RNG>();
  auto token = SoftHsm::make_token("server");
  token.generate_key(KeyKind::p256, KeyUse::sign, "server");
  const auto key = token.signing_key("server");
  const auto certificate =
      Botan::X509::create_self_signed_cert(Botan::X509_Cert_Options{"localhost"}, *key, "SHA-256", *rng);
  const auto credentials = std::make_shared<OneKey>(certificate, key);
  const auto policy = std::make_shared<OneVersion>(GetParam());
  const auto sessions = std::make_shared<Botan::TLS::Session_Manager_Noop>();
  const auto server_end = std::make_shared<End>();
  const auto client_end = std::make_shared<End>();

  Botan::TLS::Server server{server_end, sessions, credentials, policy, rng};
  Botan::TLS::Client client{client_end, sessions, std::make_shared<Botan::Credentials_Manager>(),
                            policy,     rng,      Botan::TLS::Server_Information{"localhost"},
                            GetParam()};
  while (!client_end->sent.empty() || !server_end->sent.empty()) {
    server.received_data(std::exchange(client_end->sent, {}));
    client.received_data(std::exchange(server_end->sent, {}));
  }
  EXPECT_TRUE(server_end->ready);
  EXPECT_TRUE(client_end->ready);
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsTest,
                         testing::Values(Botan::TLS::Protocol_Version::TLS_V12, Botan::TLS::Protocol_Version::TLS_V13),
                         [](const auto& of) { return of.index == 0 ? "Tls12" : "Tls13"; });

}  // namespace
}  // namespace lamp::hsm
