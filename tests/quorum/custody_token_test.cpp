// Custody with real tokens: three officers' share keys and the token that they guard.
#include <botan/pk_keys.h>
#include <botan/system_rng.h>
#include <botan/x509_key.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/custody.hpp"
#include "lib/base/error.hpp"
#include "lib/quorum/share.hpp"
#include "tests/quorum/small_quorum.hpp"
#include "tests/support/softhsm.hpp"

namespace lamp::hsm {
namespace {

using testing::HasSubstr;

class GuardedToken : public test::SoftHsmTest {
 protected:
  void SetUp() override {
    SoftHsmTest::SetUp();
    if (IsSkipped()) return;
    for (const char* name : {"officer-1", "officer-2", "officer-3"}) enrol(name);
    auto token = Token::initialize(test::SoftHsm::module(), "release", random_pin(Botan::system_rng()), pin_);
    token.login(pin_);
    token.generate_key(KeyKind::p256, KeyUse::sign, "release");
    roster_.name = roster_.token_label = "release";
    roster_.threshold = 2;
    roster_.token_serial = token.info().serial;
    roster_.custody_key = Botan::X509::BER_encode(*token.public_key("release"));
    dealing_ = seal_shares(roster_, 1, deal(pin_, 2, 3, Botan::system_rng()), Botan::system_rng());
  }

  void enrol(const std::string& name) {
    auto token = test::SoftHsm::make_token(name);
    token.generate_key(KeyKind::p256, KeyUse::agree, "share");
    quorum::Officer officer;
    officer.name = name;
    officer.certificate = to_bytes(name);  // only its digest is asked for here
    officer.share_point = token.agreement_key("share")->public_point();
    roster_.officers.push_back(officer);
    tokens_.push_back(std::move(token));
  }

  [[nodiscard]] Share open(std::size_t index) {
    const auto& dealt = dealing_.shares[index];
    const auto key = tokens_[index].agreement_key("share");
    const auto context = quorum::dealt_share_context(roster_, 1, roster_.officers[index]);
    return quorum::open_share(dealt.box, *key, context, dealt);
  }

  [[nodiscard]] std::vector<Share> open_all() {
    std::vector<Share> shares;
    for (std::size_t i = 0; i < tokens_.size(); ++i) shares.push_back(open(i));
    return shares;
  }

  Pin pin_ = random_pin(Botan::system_rng());
  quorum::Roster roster_;
  quorum::Dealing dealing_;
  std::vector<Token> tokens_;
};

TEST_F(GuardedToken, OpensWithTheSharesOfTwoOfficers) {
  std::vector<Share> shares;
  shares.push_back(open(0));
  shares.push_back(open(2));
  auto token = find_guarded(test::SoftHsm::address("release"), roster_);
  token.login(combine(shares));
  EXPECT_TRUE(token.has_key("release"));
  EXPECT_NO_THROW((void)token.signing_key("release"));
}

TEST_F(GuardedToken, OpensWithEveryPair) { EXPECT_NO_THROW(require_every_subset(open_all(), roster_, pin_)); }

TEST_F(GuardedToken, NamesTheOfficerOfABadShare) {
  auto& box = dealing_.shares[1].box;
  box[box.size() / 2] ^= 1;
  const auto outcome = attempt([&] { return open(1).size(); });
  ASSERT_TRUE(std::holds_alternative<Error>(outcome));
  EXPECT_EQ(std::get<Error>(outcome).code(), Errc::denied);
  EXPECT_THAT(std::get<Error>(outcome).what(), HasSubstr("officer-2"));
}

TEST_F(GuardedToken, IsNotTakenForAnotherOfTheSameLabel) {
  roster_.token_serial = "0000000000000000";
  EXPECT_THROW((void)find_guarded(test::SoftHsm::address("release"), roster_), Error);
}

}  // namespace
}  // namespace lamp::hsm
