// One list of checks for every kind of token. What a check needs of the token is tried first (Token::probe); a token
// that cannot do it skips the check and says why. No check knows which token it runs on.
#include <botan/auto_rng.h>
#include <botan/pk_keys.h>
#include <botan/pubkey.h>
#include <botan/x509_key.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

#include "hsm/module.hpp"
#include "hsm/probe.hpp"
#include "hsm/token.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/crypto/seal.hpp"
#include "tests/hsm/fixtures/fixture.hpp"
#include "tests/support/softhsm.hpp"

namespace lamp::hsm {
namespace {

using test::pin;
using testing::HasSubstr;

template <class Step>
Error error_of(Step&& step) {
  try {
    static_cast<void>(step());
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "no error";
  return Error{Errc::internal, ""};
}

// The reason why the token cannot; empty when it can any of these.
std::string cannot(Token& token, const std::set<std::string>& any_of) {
  std::string reasons;
  for (const auto& finding : token.probe(any_of)) {
    if (finding.outcome == Outcome::works) return {};
    reasons +=
        (reasons.empty() ? "" : "; ") + finding.what + " " + std::string{text(finding.outcome)} + ": " + finding.detail;
  }
  return reasons;
}

#define LAMP_NEEDS(...) \
  if (const auto why = cannot(*token_, {__VA_ARGS__}); !why.empty()) GTEST_SKIP() << why

class Conformance : public testing::TestWithParam<test::FixtureKind> {
 protected:
  void SetUp() override {
    try {
      fixture_ = GetParam().start();
    } catch (const test::Absent& why) {
      // Where everything is installed an absent token is a fault, and not something that the token cannot do.
      if (std::getenv("CI") != nullptr) FAIL() << why.what();
      GTEST_SKIP() << why.what();
    }
    token_ = open();
    token_->login(pin(fixture_->pin));
  }
  void TearDown() override {
    token_.reset();
    fixture_.reset();
    ::unsetenv("LAMP_SHIM_MODULE");
    ::unsetenv("LAMP_SHIM_SCRIPT");
  }

  [[nodiscard]] std::unique_ptr<Token> open() const { return std::make_unique<Token>(Token::open(fixture_->address)); }

  /// A key for this, made where the token makes keys, else one that is there.
  [[nodiscard]] std::string key(KeyKind kind, KeyUse use) {
    const auto made = attempt([&] { return token_->generate_key(kind, use, "fresh"), true; });
    if (std::holds_alternative<bool>(made)) return "fresh";
    const auto is_rsa = kind == KeyKind::rsa3072 || kind == KeyKind::rsa4096;
    for (const auto& info : token_->keys()) {
      const bool fits = info.kind.starts_with(is_rsa ? "rsa" : "p256") && !info.always_authenticate;
      const auto usable = attempt([&] { return use_key(info.label, use), true; });
      if (fits && std::holds_alternative<bool>(usable)) return info.label;
    }
    throw Error{std::get<Error>(made).code(), std::get<Error>(made).what()};
  }
  void use_key(const std::string& label, KeyUse use) {
    if (use == KeyUse::sign) static_cast<void>(token_->signing_key(label));
    if (use == KeyUse::agree) static_cast<void>(token_->agreement_key(label));
    if (use == KeyUse::decrypt) static_cast<void>(token_->unwrap_with_rsa(label, wrapped_by_software(label, "SHA-1")));
  }

  /// The kind of signing key that this token has; empty when it has none.
  struct Signing {
    KeyKind kind = KeyKind::p256;
    std::string padding, why_not;
  };
  [[nodiscard]] Signing signing() {
    const auto no_ec = cannot(*token_, {"ecdsa-p256"});
    if (no_ec.empty()) return {KeyKind::p256, "SHA-256", ""};
    const auto no_rsa = cannot(*token_, {"pss-3072"});
    return {KeyKind::rsa3072, "PSS(SHA-256,MGF1,32)", no_rsa.empty() ? "" : no_ec + "; " + no_rsa};
  }

  [[nodiscard]] Bytes sign(const std::string& label, const std::string& padding) {
    return sign_with(*token_->signing_key(label), padding);
  }
  // PK_Signer gives out what the library verified; that it did is the fault tests' matter.
  [[nodiscard]] static Bytes sign_with(const Botan::Private_Key& key, const std::string& padding) {
    Botan::AutoSeeded_RNG rng;
    Botan::PK_Signer signer{key, rng, padding};
    return signer.sign_message(to_bytes("what is signed"), rng);
  }
  [[nodiscard]] Bytes wrapped_by_software(const std::string& label, const std::string& hash) {
    Botan::AutoSeeded_RNG rng;
    const Botan::PK_Encryptor_EME encryptor{*token_->public_key(label), rng, "OAEP(" + hash + ")"};
    Bytes wrapped{static_cast<std::uint8_t>(hash == "SHA-1" ? 1 : 2)};
    append(wrapped, encryptor.encrypt(to_bytes("thirty-two bytes of a model key."), rng));
    return wrapped;
  }

  std::unique_ptr<test::TokenFixture> fixture_;
  std::unique_ptr<Token> token_;
};

TEST_P(Conformance, NamesItself) {
  // Its serial number may be empty: openCryptoki 3.23 gives its soft token none.
  EXPECT_FALSE(token_->info().label.empty());
  EXPECT_FALSE(token_->info().manufacturer.empty());
  EXPECT_TRUE(token_->info().login_required);
}

// A token may lack what guards its keys: `token probe` refuses it then. No token may give wrong results.
TEST_P(Conformance, GivesNoWrongResult) {
  const std::set<std::string> guards{"pin-each-time", "secrecy", "extractable", "single-use"};
  std::string wrong;
  for (const auto& finding : token_->probe()) {
    RecordProperty(finding.name, std::string{text(finding.outcome)} + ": " + finding.detail);
    std::cout << finding.name << '\t' << text(finding.outcome) << '\t' << finding.detail << '\n';
    if (finding.outcome == Outcome::unsafe && !guards.contains(finding.name)) wrong += finding.what + "\n";
  }
  EXPECT_EQ(wrong, "");
}

TEST_P(Conformance, LeavesNoKeyAfterAProbe) {
  const auto before = token_->keys().size();
  static_cast<void>(token_->probe({"ecdsa-p256", "ecdh-bare", "pin-each-time", "extractable", "aes-wrap"}));
  EXPECT_EQ(token_->keys().size(), before);
}

TEST_P(Conformance, RefusesAWrongPinOnceAndTakesTheRightOne) {
  token_.reset();
  auto wrong = open();
  const auto error = error_of([&] { return wrong->login(pin("wrongpin")), 0; });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("the PIN is wrong"));
  wrong->login(pin(fixture_->pin));
}

TEST_P(Conformance, SignsByEcdsaP256) {
  LAMP_NEEDS("ecdsa-p256");
  EXPECT_EQ(sign(key(KeyKind::p256, KeyUse::sign), "SHA-256").size(), 64U);
}

TEST_P(Conformance, SignsByEcdsaP384) {
  LAMP_NEEDS("ecdsa-p384");
  EXPECT_EQ(sign(key(KeyKind::p384, KeyUse::sign), "SHA-384").size(), 96U);
}

TEST_P(Conformance, SignsByRsaPss) {
  LAMP_NEEDS("rsa-one-use");
  LAMP_NEEDS("pss-3072");
  EXPECT_GE(sign(key(KeyKind::rsa3072, KeyUse::sign), "PSS(SHA-256,MGF1,32)").size(), 256U);
}

TEST_P(Conformance, SignsReleasesByRsa4096) {
  LAMP_NEEDS("pss-4096");
  EXPECT_EQ(sign(key(KeyKind::rsa4096, KeyUse::sign), "PSS(SHA-512,MGF1,64)").size(), 512U);
}

TEST_P(Conformance, AgreesOnSecrets) {
  LAMP_NEEDS("ecdh-bare", "ecdh-der");
  Botan::AutoSeeded_RNG rng;
  const auto agreeing = token_->agreement_key(key(KeyKind::p256, KeyUse::agree));
  const auto sealed = crypto::seal(to_bytes("a share"), agreeing->public_point(), to_bytes("context"), rng);
  EXPECT_EQ(to_text(crypto::open_sealed(sealed, *agreeing, to_bytes("context"))), "a share");
}

TEST_P(Conformance, DecryptsOaepWithSha256) {
  LAMP_NEEDS("rsa-one-use");
  LAMP_NEEDS("oaep-sha256");
  const auto label = key(KeyKind::rsa3072, KeyUse::decrypt);
  EXPECT_EQ(token_->unwrap_with_rsa(label, wrapped_by_software(label, "SHA-256")).size(), 32U);
}

TEST_P(Conformance, DecryptsOaepWithSha1) {
  LAMP_NEEDS("rsa-one-use");
  LAMP_NEEDS("oaep-sha1");
  const auto label = key(KeyKind::rsa3072, KeyUse::decrypt);
  EXPECT_EQ(token_->unwrap_with_rsa(label, wrapped_by_software(label, "SHA-1")).size(), 32U);
}

TEST_P(Conformance, CarriesAModelKeyToAStation) {
  LAMP_NEEDS("aes-wrap");
  LAMP_NEEDS("oaep-sha256", "oaep-sha1");
  const auto transport = key(KeyKind::rsa3072, KeyUse::decrypt);
  token_->generate_aes_key("kek");
  const auto wrapped = token_->wrap_aes_key("kek", Botan::X509::BER_encode(*token_->public_key(transport)));
  EXPECT_EQ(token_->unwrap_with_rsa(transport, wrapped).size(), 32U);
  if (!cannot(*token_, {"secrecy"}).empty()) {
    EXPECT_EQ(error_of([&] { return token_->lock_aes_key("kek"), 0; }).code(), Errc::denied);
    return;
  }
  token_->lock_aes_key("kek");
  EXPECT_EQ(error_of([&] {
              return token_->wrap_aes_key("kek", Botan::X509::BER_encode(*token_->public_key(transport)));
            }).code(),
            Errc::denied);
}

TEST_P(Conformance, WantsThePinForEachSignature) {
  LAMP_NEEDS("pin-each-time");
  token_->generate_key(KeyKind::p256, KeyUse::sign_with_pin, "approval");
  EXPECT_EQ(sign("approval", "SHA-256").size(), 64U);
  EXPECT_EQ(sign("approval", "SHA-256").size(), 64U);
}

// Cards come with their keys: the PIN goes to the card before each signature, with nothing in between.
TEST_P(Conformance, GivesThePinToAKeyThatIsThereForEachSignature) {
  const auto keys = token_->keys();
  const auto found = std::ranges::find(keys, true, &KeyInfo::always_authenticate);
  if (found == keys.end()) GTEST_SKIP() << "it holds no key that wants the PIN each time";
  const bool rsa = found->kind.starts_with("rsa");
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(sign(found->label, rsa ? "PSS(SHA-256,MGF1,32)" : "SHA-256").size(), rsa ? 256U : 64U);
}

TEST_P(Conformance, RefusesAKeyWhosePinIsNotEnforced) {
  LAMP_NEEDS("ecdsa-p256");
  if (cannot(*token_, {"pin-each-time"}).empty()) GTEST_SKIP() << "it enforces the PIN";
  static_cast<void>(
      error_of([&] { return token_->generate_key(KeyKind::p256, KeyUse::sign_with_pin, "approval"), 0; }));
  EXPECT_FALSE(token_->has_key("approval"));
}

TEST_P(Conformance, KeepsOneKeyOfALabelAndDestroysBothHalves) {
  const auto how = signing();
  const auto made = attempt([&] { return token_->generate_key(how.kind, KeyUse::sign, "device"), true; });
  if (const auto* error = std::get_if<Error>(&made)) GTEST_SKIP() << error->what();
  EXPECT_EQ(error_of([&] { return token_->generate_key(how.kind, KeyUse::sign, "device"), 0; }).code(), Errc::exists);
  const auto keys = token_->keys();
  const auto found = std::ranges::find(keys, "device", &KeyInfo::label);
  ASSERT_NE(found, keys.end());
  EXPECT_FALSE(found->extractable);
  token_->destroy_key("device");
  EXPECT_FALSE(token_->has_key("device"));
}

TEST_P(Conformance, WorksOnAfterARefusedOperation) {
  const auto how = signing();
  if (!how.why_not.empty()) GTEST_SKIP() << how.why_not;
  const auto label = key(how.kind, KeyUse::sign);
  static_cast<void>(error_of([&] { return sign(label, "SHA-1"); }));
  static_cast<void>(error_of([&] { return token_->unwrap_with_rsa(label, to_bytes("\1 no ciphertext")); }));
  EXPECT_FALSE(sign(label, how.padding).empty());
}

TEST_P(Conformance, SignsInManyThreads) {
  const auto how = signing();
  if (!how.why_not.empty()) GTEST_SKIP() << how.why_not;
  const auto signing = token_->signing_key(key(how.kind, KeyUse::sign));
  std::atomic<int> good = 0;
  constexpr int kThreads = 12;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      good += std::holds_alternative<Bytes>(attempt([&] { return sign_with(*signing, how.padding); })) ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, kThreads);
}

TEST_P(Conformance, IsFoundAndUsedAgainByItsSerialNumber) {
  const auto how = signing();
  if (!how.why_not.empty()) GTEST_SKIP() << how.why_not;
  const auto label = key(how.kind, KeyUse::sign);
  token_.reset();
  token_ = open();
  token_->login(pin(fixture_->pin));
  EXPECT_FALSE(sign(label, how.padding).empty());
}

// Through the shim, which takes the module's sessions away under the library.
TEST_P(Conformance, ComesBackFromLostSessions) {
  const auto how = signing();
  if (!how.why_not.empty()) GTEST_SKIP() << how.why_not;
  const auto label = key(how.kind, KeyUse::sign);
  token_.reset();
  const test::TemporaryDirectory folder;
  publish(folder / "faults", std::string_view{});
  ::setenv("LAMP_SHIM_MODULE", fixture_->address.module.c_str(), 1);
  ::setenv("LAMP_SHIM_SCRIPT", (folder / "faults").c_str(), 1);
  fixture_->address.module = LAMP_SHIM_PATH;
  token_ = open();
  token_->login(pin(fixture_->pin));
  const auto signing = token_->signing_key(label);
  publish(folder / "faults", std::string_view{"C_SignInit 1 end-sessions\n"});
  EXPECT_FALSE(sign_with(*signing, how.padding).empty());
}

// Tokens that announce the last try: it is not spent, not even on the right PIN.
TEST_P(Conformance, SpendsNoLastPinTry) {
  constexpr int kTriesToSpend = 2;
  token_.reset();
  auto stranger = open();
  for (int i = 0; i < kTriesToSpend; ++i)
    static_cast<void>(error_of([&] { return stranger->login(pin("wrongpin")), 0; }));
  if (!open()->info().pin_final_try)
    GTEST_SKIP() << "after " << kTriesToSpend << " wrong PINs the token announces no last try";
  const auto error = error_of([&] { return stranger->login(pin(fixture_->pin)), 0; });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("one PIN try is left and is not spent unattended"));
  EXPECT_FALSE(open()->info().pin_locked);
}

std::string name_of(const testing::TestParamInfo<test::FixtureKind>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Tokens, Conformance, testing::ValuesIn(test::fixture_kinds()), name_of);

}  // namespace
}  // namespace lamp::hsm
