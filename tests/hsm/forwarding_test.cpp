// A token behind `p11-kit server`: another process, fewer mechanisms, the same keys.
#include <botan/auto_rng.h>
#include <botan/ecdh.h>
#include <botan/pk_keys.h>
#include <botan/pubkey.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <memory>

#include "hsm/token.hpp"
#include "lib/base/error.hpp"
#include "tests/hsm/fixtures/process.hpp"
#include "tests/support/softhsm.hpp"

namespace lamp::hsm {
namespace {

using test::pin;
using test::SoftHsm;

const std::filesystem::path kClientModule = "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so";
const TokenAddress kForwarded{kClientModule, "pkcs11:token=release"};

class ForwardingTest : public test::SoftHsmTest {
 protected:
  void SetUp() override {
    SoftHsmTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (!std::filesystem::exists(kClientModule)) GTEST_SKIP() << kClientModule << " is not installed";
    {
      auto token = SoftHsm::make_token("release");
      token.generate_key(KeyKind::p256, KeyUse::sign, "device");
      token.generate_key(KeyKind::p256, KeyUse::sign_with_pin, "approval");
      token.generate_key(KeyKind::p256, KeyUse::agree, "requests");
      token.generate_key(KeyKind::rsa3072, KeyUse::decrypt, "transport");
      token.generate_aes_key("kek");
      wrapped_ = token.wrap_aes_key("kek", token.public_key("transport")->subject_public_key());
    }
    const auto socket = softhsm_->directory() / "p11.sock";
    server_ =
        std::make_unique<test::Process>(std::vector<std::string>{"p11-kit", "server", "--foreground", "--provider",
                                                                 SoftHsm::module(), "--name", socket, "pkcs11:"},
                                        softhsm_->directory() / "server.log");
    ASSERT_TRUE(test::wait_until([&] { return test::is_listening(socket); })) << "p11-kit server does not start";
    ::setenv("P11_KIT_SERVER_ADDRESS", ("unix:path=" + socket.string()).c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("P11_KIT_SERVER_ADDRESS");
    server_.reset();
  }

  Botan::AutoSeeded_RNG rng_;
  Bytes wrapped_;
  std::unique_ptr<test::Process> server_;
};

TEST_F(ForwardingTest, SignsAndDecrypts) {
  auto token = Token::open(kForwarded);
  token.login(pin(SoftHsm::kPin));
  const auto message = to_bytes("what is signed");
  for (const auto* label : {"device", "approval"}) {
    Botan::PK_Signer signer{*token.signing_key(label), rng_, "SHA-256"};
    EXPECT_EQ(signer.sign_message(message, rng_).size(), 64U) << label;
  }
  EXPECT_EQ(token.unwrap_with_rsa("transport", wrapped_).size(), 32U);
}

TEST_F(ForwardingTest, RefusesAWrongPin) {
  auto token = Token::open(kForwarded);
  EXPECT_THAT([&] { token.login(pin("not-this-pin")); },
              testing::Throws<Error>(testing::Property(&Error::code, Errc::denied)));
}

// p11-kit carries the parameters of ECDH since 0.25.4.
TEST_F(ForwardingTest, AgreesOrSaysWhatIsNotForwarded) {
  auto token = Token::open(kForwarded);
  token.login(pin(SoftHsm::kPin));
  const auto key = token.agreement_key("requests");
  const Botan::ECDH_PrivateKey other{rng_, Botan::EC_Group::from_name("secp256r1")};
  crypto::SoftwareAgreementKey peer{other, rng_};
  const auto agreed = attempt([&] { return key->agree(peer.public_point()); });
  if (const auto* why = std::get_if<Error>(&agreed))
    EXPECT_THAT(why->what(), testing::HasSubstr("CKR_MECHANISM_INVALID"));
  else
    EXPECT_EQ(std::get<SecureBytes>(agreed), peer.agree(key->public_point()));
}

}  // namespace
}  // namespace lamp::hsm
