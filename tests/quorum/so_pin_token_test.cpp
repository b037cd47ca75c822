// The SO PIN of a real token, from the officers' shares.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/so_pin.hpp"
#include "lib/base/error.hpp"
#include "tests/quorum/larger_quorum.hpp"
#include "tests/support/softhsm.hpp"

namespace lamp::hsm {
namespace {

class TokenWithSoPin : public test::SoftHsmTest {
 protected:
  void SetUp() override {
    SoftHsmTest::SetUp();
    if (IsSkipped()) return;
    auto token = Token::initialize(test::SoftHsm::module(), "release", quorum_.so_pin, quorum_.pin);
    token.login(quorum_.pin);
    token.generate_key(KeyKind::p256, KeyUse::sign, "release");
    quorum_.roster.token_serial = token.info().serial;
  }
  [[nodiscard]] bool opens(const Pin& pin) {
    return find_guarded(test::SoftHsm::address("release"), quorum_.roster).try_login(pin);
  }

  test::LargerQuorum quorum_;
  Pin fresh_ = random_pin(Botan::system_rng());
};

TEST_F(TokenWithSoPin, GetsAnotherPinFromThreeOfFourOfficers) {
  const auto kept = quorum_.deal_so_pin();
  const auto so_pin = combine(quorum_.open_so_shares(kept, {1, 2, 3}));
  reset_user_pin(test::SoftHsm::address("release"), quorum_.roster, so_pin, fresh_);
  EXPECT_FALSE(opens(quorum_.pin));
  auto token = find_guarded(test::SoftHsm::address("release"), quorum_.roster);
  token.login(fresh_);
  EXPECT_TRUE(token.has_key("release"));
}

TEST_F(TokenWithSoPin, KeepsItsPinWhenTheSoPinIsAnother) {
  EXPECT_THROW(
      reset_user_pin(test::SoftHsm::address("release"), quorum_.roster, random_pin(Botan::system_rng()), fresh_),
      Error);
  EXPECT_TRUE(opens(quorum_.pin));
}

TEST_F(TokenWithSoPin, IsNotResetWhenItIsAnotherToken) {
  quorum_.roster.token_serial = "0000000000000000";
  EXPECT_THROW(reset_user_pin(test::SoftHsm::address("release"), quorum_.roster, quorum_.so_pin, fresh_), Error);
}

}  // namespace
}  // namespace lamp::hsm
