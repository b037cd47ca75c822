// Token keys used as Botan keys: signatures, certificates, COSE, agreement.
#include <botan/auto_rng.h>
#include <botan/ec_group.h>
#include <botan/ecdh.h>
#include <botan/pk_ops.h>
#include <botan/pubkey.h>
#include <botan/x509cert.h>
#include <botan/x509self.h>
#include <gmock/gmock.h>

#include <cstdlib>

#include "hsm/token.hpp"
#include "lib/base/error.hpp"
#include "lib/crypto/cose.hpp"
#include "tests/support/softhsm.hpp"

namespace lamp::hsm {
namespace {

using test::pin;
using test::SoftHsm;

const auto kMessage = to_bytes("what is signed");

class SigningTest : public test::SoftHsmTest {
 protected:
  Botan::AutoSeeded_RNG rng_;

  Bytes sign(const Botan::Private_Key& key, const std::string& padding) {
    Botan::PK_Signer signer{key, rng_, padding};
    return signer.sign_message(kMessage, rng_);
  }
  static bool verifies(const Botan::Public_Key& key, const std::string& padding, const Bytes& signature) {
    return Botan::PK_Verifier{key, padding}.verify_message(kMessage, signature);
  }
  Errc refusal(const Botan::Private_Key& key, const std::string& padding) {
    try {
      static_cast<void>(sign(key, padding));
    } catch (const Error& e) {
      return e.code();
    }
    return Errc::internal;
  }
};

struct Curve {
  const char* name;
  KeyKind kind;
  const char* hash;
  std::size_t size;
};
void PrintTo(const Curve& c, std::ostream* os) { *os << c.name; }

class EcdsaTest : public SigningTest, public testing::WithParamInterface<Curve> {};

TEST_P(EcdsaTest, SignsWithItsOwnHash) {
  auto token = SoftHsm::make_token("line1");
  token.generate_key(GetParam().kind, KeyUse::sign, "device");
  const auto key = token.signing_key("device");
  const auto signature = sign(*key, GetParam().hash);
  EXPECT_EQ(signature.size(), GetParam().size);
  EXPECT_TRUE(verifies(*token.public_key("device"), GetParam().hash, signature));
}

INSTANTIATE_TEST_SUITE_P(Curves, EcdsaTest,
                         testing::Values(Curve{"P256", KeyKind::p256, "SHA-256", 64},
                                         Curve{"P384", KeyKind::p384, "SHA-384", 96}),
                         [](const auto& tested) { return tested.param.name; });

// TLS 1.2 pairs them so.
TEST_F(SigningTest, CutsALongerHashToTheCurve) {
  auto token = SoftHsm::make_token("line1");
  token.generate_key(KeyKind::p256, KeyUse::sign, "device");
  const auto key = token.signing_key("device");
  EXPECT_TRUE(verifies(*key, "SHA-384", sign(*key, "SHA-384")));
}

TEST_F(SigningTest, RefusesAHashWeakerThanTheCurve) {
  auto token = SoftHsm::make_token("root");
  token.generate_key(KeyKind::p384, KeyUse::sign, "root");
  const auto key = token.signing_key("root");
  EXPECT_EQ(refusal(*key, "SHA-256"), Errc::denied);
  EXPECT_EQ(refusal(*key, "SHA-1"), Errc::denied);
}

TEST_F(SigningTest, SignsPssWithASaltOfTheHashLength) {
  auto token = SoftHsm::make_token("release");
  token.generate_key(KeyKind::rsa3072, KeyUse::sign, "release");
  const auto key = token.signing_key("release");
  EXPECT_TRUE(verifies(*key, "PSS(SHA-256,MGF1,32)", sign(*key, "PSS(SHA-256)")));
  EXPECT_TRUE(verifies(*key, "PSS(SHA-512,MGF1,64)", sign(*key, "PSS(SHA-512,MGF1,64)")));
  EXPECT_EQ(refusal(*key, "PSS(SHA-256,MGF1,20)"), Errc::denied);
  EXPECT_EQ(refusal(*key, "PKCS1v15(SHA-256)"), Errc::denied);
}

TEST_F(SigningTest, SignsCertificates) {
  auto token = SoftHsm::make_token("issuing");
  token.generate_key(KeyKind::p384, KeyUse::sign, "root");
  const auto key = token.signing_key("root");
  Botan::X509_Cert_Options options{"Root"};
  options.CA_key();
  const auto certificate = Botan::X509::create_self_signed_cert(options, *key, "SHA-384", rng_);
  EXPECT_TRUE(certificate.check_signature(*token.public_key("root")));
  EXPECT_EQ(certificate.signature_algorithm().oid().to_formatted_string(), "ECDSA/SHA-384");
}

TEST_F(SigningTest, SignsCoseMessages) {
  auto token = SoftHsm::make_token("officer-1");
  token.generate_key(KeyKind::p256, KeyUse::sign_with_pin, "approval");
  const auto key = token.signing_key("approval");
  const auto message = cose::sign1(*key, rng_, kMessage, "lamp-test-v1");
  const auto verdict =
      cose::verify1(cose::parse_sign1(message), *token.public_key("approval"), kMessage, "lamp-test-v1");
  EXPECT_TRUE(verdict.acceptable());
}

TEST_F(SigningTest, GivesThePinAgainForEachSignature) {
  auto token = SoftHsm::make_token("officer-1");
  token.generate_key(KeyKind::p256, KeyUse::sign_with_pin, "approval");
  EXPECT_TRUE(token.keys().front().always_authenticate);
  const auto key = token.signing_key("approval");
  EXPECT_TRUE(verifies(*key, "SHA-256", sign(*key, "SHA-256")));
  EXPECT_TRUE(verifies(*key, "SHA-256", sign(*key, "SHA-256")));
}

// As if the token computed wrongly: the public key that is filed under the label belongs to another key.
TEST_F(SigningTest, KeepsBackASignatureThatDoesNotVerify) {
  {
    auto token = SoftHsm::make_token("line1");
    token.generate_key(KeyKind::p256, KeyUse::sign, "device");
    token.generate_key(KeyKind::p256, KeyUse::sign, "other");
  }
  const auto file = (softhsm_->directory() / "other.der").string();
  const auto tool = [&](const std::string& what) {
    return std::system(("pkcs11-tool --module " + SoftHsm::module().string() + " --token-label line1 --login --pin " +
                        std::string{SoftHsm::kPin} + " --type pubkey " + what + " >/dev/null 2>&1")
                           .c_str());
  };
  if (tool("--read-object --label other --output-file " + file) != 0) GTEST_SKIP() << "pkcs11-tool does not run";
  ASSERT_EQ(tool("--delete-object --label device"), 0);
  ASSERT_EQ(tool("--write-object " + file + " --label device"), 0);
  auto token = Token::open(SoftHsm::address("line1"));
  token.login(pin(SoftHsm::kPin));
  const auto key = token.signing_key("device");
  EXPECT_THAT([&] { static_cast<void>(sign(*key, "SHA-256")); },
              testing::Throws<Error>(testing::Property(&Error::what, testing::HasSubstr("gave a wrong signature"))));
}

TEST_F(SigningTest, KeepsTheBytesOfAKey) {
  auto token = SoftHsm::make_token("line1");
  token.generate_key(KeyKind::p256, KeyUse::sign, "device");
  const auto key = token.signing_key("device");
  EXPECT_THROW(static_cast<void>(key->private_key_bits()), Error);
}

TEST_F(SigningTest, DoesNotSignAfterTheTokenWasClosed) {
  std::shared_ptr<Botan::Private_Key> key;
  {
    auto token = SoftHsm::make_token("line1");
    token.generate_key(KeyKind::p256, KeyUse::sign, "device");
    key = token.signing_key("device");
  }
  EXPECT_THROW(static_cast<void>(sign(*key, "SHA-256")), Error);
}

TEST_F(SigningTest, DoesNotSignWithAnAgreementKey) {
  auto token = SoftHsm::make_token("host");
  token.generate_key(KeyKind::p256, KeyUse::agree, "requests");
  EXPECT_THROW(static_cast<void>(token.signing_key("requests")), Error);
}

TEST_F(SigningTest, AgreesOnTheSecretThatSoftwareDerives) {
  auto token = SoftHsm::make_token("host");
  token.generate_key(KeyKind::p256, KeyUse::agree, "requests");
  const auto key = token.agreement_key("requests");
  const Botan::ECDH_PrivateKey peer{rng_, Botan::EC_Group::from_name("secp256r1")};
  Botan::PK_Key_Agreement software{peer, rng_, "Raw"};
  EXPECT_EQ(key->agree(peer.public_value()), software.derive_key(32, key->public_point()).bits_of());
}

TEST_F(SigningTest, OpensWhatWasSealedToATokenKey) {
  auto token = SoftHsm::make_token("host");
  token.generate_key(KeyKind::p256, KeyUse::agree, "requests");
  const auto key = token.agreement_key("requests");
  const auto context = to_bytes("lamp-test-v1");
  const auto box = crypto::seal(kMessage, key->public_point(), context, rng_);
  EXPECT_EQ(to_text(crypto::open_sealed(box, *key, context)), to_text(kMessage));
}

}  // namespace
}  // namespace lamp::hsm
