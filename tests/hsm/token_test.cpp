#include "hsm/token.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include <cstdlib>

#include "lib/base/error.hpp"
#include "tests/support/softhsm.hpp"

namespace lamp::hsm {
namespace {

using test::pin;
using test::SoftHsm;
using testing::HasSubstr;

/// The error that `step` ends with; a test failure when it does not.
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

class TokenTest : public test::SoftHsmTest {};

TEST_F(TokenTest, IsInitialisedAndFoundAgainByItsLabel) {
  {
    const auto made = SoftHsm::make_token("line1");
  }
  const auto token = Token::open(SoftHsm::address("line1"));
  EXPECT_EQ(token.info().label, "line1");
  EXPECT_TRUE(token.info().user_pin_set);
}

TEST_F(TokenTest, RefusesASecondTokenOfTheSameLabel) {
  const auto made = SoftHsm::make_token("line1");
  const auto error = error_of([] { return SoftHsm::make_token("line1"); });
  EXPECT_EQ(error.code(), Errc::exists);
}

TEST_F(TokenTest, NamesTheTokensThatAreThereWhenOneIsMissing) {
  const auto made = SoftHsm::make_token("line1");
  const auto error = error_of([] { return Token::open(SoftHsm::address("line2")); });
  EXPECT_EQ(error.code(), Errc::not_found);
  EXPECT_THAT(error.what(), HasSubstr("there are: \"line1\""));
}

TEST_F(TokenTest, RefusesAUriThatMatchesTwoTokens) {
  const auto one = SoftHsm::make_token("line1");
  const auto two = SoftHsm::make_token("line2");
  const auto error = error_of([] { return Token::open({SoftHsm::module(), "pkcs11:manufacturer=SoftHSM%20project"}); });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("2 tokens match"));
}

TEST_F(TokenTest, RefusesAModulePathThatIsNotAbsolute) {
  EXPECT_EQ(error_of([] { return Token::open({"libsofthsm2.so", "pkcs11:token=a"}); }).code(), Errc::bad_input);
}

TEST_F(TokenTest, SaysThatAnAbsentModuleIsAbsent) {
  EXPECT_EQ(error_of([] { return Token::open({"/absent/module.so", "pkcs11:token=a"}); }).code(), Errc::not_found);
}

TEST_F(TokenTest, RefusesAWrongPinAfterOneTry) {
  {
    const auto made = SoftHsm::make_token("line1");
  }
  auto token = Token::open(SoftHsm::address("line1"));
  const auto error = error_of([&] { return token.login(pin("not-this-pin")), 0; });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("the PIN is wrong"));
  EXPECT_EQ(error_of([&] { return token.keys(); }).code(), Errc::denied);
}

TEST_F(TokenTest, DoesNotSpendATryOnAPinOfImpossibleLength) {
  {
    const auto made = SoftHsm::make_token("line1");
  }
  auto token = Token::open(SoftHsm::address("line1"));
  EXPECT_THAT(error_of([&] { return token.login(pin("123")), 0; }).what(), HasSubstr("it was not tried"));
  EXPECT_FALSE(Token::open(SoftHsm::address("line1")).info().pin_count_low);
}

TEST_F(TokenTest, MakesPrivateKeysThatCannotLeave) {
  auto token = SoftHsm::make_token("line1");
  token.generate_key(KeyKind::p256, KeyUse::sign, "device");
  const auto keys = token.keys();
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys.front().label, "device");
  EXPECT_EQ(keys.front().kind, "p256");
  EXPECT_EQ(keys.front().id.size(), 16U);
  EXPECT_FALSE(keys.front().extractable);
  EXPECT_TRUE(keys.front().never_extractable);
  EXPECT_TRUE(keys.front().local);
}

TEST_F(TokenTest, RefusesASecondKeyOfTheSameLabel) {
  auto token = SoftHsm::make_token("line1");
  token.generate_key(KeyKind::p256, KeyUse::sign, "device");
  const auto error = error_of([&] { return token.generate_key(KeyKind::p256, KeyUse::agree, "device"), 0; });
  EXPECT_EQ(error.code(), Errc::exists);
}

// Another program made them; we never do.
TEST_F(TokenTest, RefusesToChooseBetweenTwoKeysOfOneLabel) {
  {
    const auto made = SoftHsm::make_token("line1");
  }
  const auto command = "pkcs11-tool --module " + SoftHsm::module().string() + " --token-label line1 --login --pin " +
                       std::string{SoftHsm::kPin} +
                       " --keypairgen --key-type EC:prime256v1 --label twin >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0) GTEST_SKIP() << "pkcs11-tool does not run";
  ASSERT_EQ(std::system(command.c_str()), 0);
  auto token = Token::open(SoftHsm::address("line1"));
  token.login(pin(SoftHsm::kPin));
  const auto error = error_of([&] { return token.signing_key("twin"); });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("has 2 objects"));
}

TEST_F(TokenTest, RefusesKindsThatDoNotFitTheUse) {
  auto token = SoftHsm::make_token("line1");
  EXPECT_EQ(error_of([&] { return token.generate_key(KeyKind::rsa3072, KeyUse::agree, "a"), 0; }).code(),
            Errc::bad_input);
  EXPECT_EQ(error_of([&] { return token.generate_key(KeyKind::p256, KeyUse::decrypt, "a"), 0; }).code(),
            Errc::bad_input);
}

TEST_F(TokenTest, DestroysBothHalvesOfAKey) {
  auto token = SoftHsm::make_token("line1");
  token.generate_key(KeyKind::p256, KeyUse::sign, "device");
  token.destroy_key("device");
  EXPECT_FALSE(token.has_key("device"));
  EXPECT_EQ(error_of([&] { return token.public_key("device"); }).code(), Errc::not_found);
}

TEST_F(TokenTest, ShowsPublicKeysWithoutALogin) {
  {
    auto made = SoftHsm::make_token("line1");
    made.generate_key(KeyKind::p384, KeyUse::sign, "root");
  }
  const auto token = Token::open(SoftHsm::address("line1"));
  EXPECT_NE(token.public_key("root"), nullptr);
}

}  // namespace
}  // namespace lamp::hsm
