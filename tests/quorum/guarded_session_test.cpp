// A quorum's token opened by officers' shares, its PIN renewed, and every way in which that can be cut short.
#include "hsm/guarded_session.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/custody.hpp"
#include "hsm/hybrid.hpp"
#include "lib/quorum/share.hpp"
#include "tests/quorum/small_quorum.hpp"
#include "tests/support/softhsm.hpp"

namespace lamp::hsm {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const Bytes kDigest(32, 1);

class Guarded : public test::SoftHsmTest {
 protected:
  void SetUp() override {
    SoftHsmTest::SetUp();
    if (IsSkipped()) return;
    auto token = Token::initialize(test::SoftHsm::module(), "release", random_pin(Botan::system_rng()), quorum_.pin);
    token.login(quorum_.pin);
    token.generate_key(KeyKind::p256, KeyUse::sign, "custody");
    auto& roster = quorum_.roster;
    roster.token_serial = token.info().serial;
    roster.custody_key = Botan::X509::BER_encode(*token.public_key("custody"));
    quorum_.dealing = seal_shares(roster, 1, quorum_.shares, Botan::system_rng());
    quorum_.dealing.sign(*token.signing_key("custody"), Botan::system_rng());
    publish(files_.current, std::string_view{quorum_.dealing.yaml()});
  }

  [[nodiscard]] quorum::Dealing dealing() const { return quorum::Dealing::load(files_.current, quorum_.roster); }

  [[nodiscard]] quorum::Contribution hand_in(std::size_t officer, ByteView digest = kDigest) {
    crypto::SoftwareAgreementKey card{quorum_.share_keys[officer], Botan::system_rng()};
    const auto now = dealing();
    const auto& who = quorum_.roster.officers[officer];
    return {
        who.name,
        {},
        quorum::hand_over_share(quorum_.roster, now, who, card, session_.public_point(), digest, Botan::system_rng()),
        now.number};
  }

  [[nodiscard]] Occasion occasion(std::vector<quorum::Contribution> contributions, const Bytes& digest = kDigest) {
    std::vector<std::string> approved;
    for (const auto& c : contributions) approved.push_back(c.officer);
    return {folder_.path(),
            quorum_.roster,
            test::SoftHsm::address("release"),
            digest,
            session_,
            std::move(contributions),
            std::move(approved),
            "approve it"};
  }

  [[nodiscard]] std::string refusal(const Occasion& wanted) {
    const auto outcome = attempt([&] { return GuardedSession{wanted}.dealing().number; });
    return std::holds_alternative<Error>(outcome) ? std::get<Error>(outcome).what() : "it was opened";
  }

  /// What a run leaves behind that died within a renewal: the pending dealing, of which the PIN is given back.
  Pin begin_renewal(const std::vector<quorum::Contribution>& contributions) {
    const GuardedSession session{occasion(contributions)};
    auto fresh = random_pin(Botan::system_rng());
    quorum::Renewal renewal{seal_shares(quorum_.roster, 2, deal(fresh, 2, 3, Botan::system_rng()), Botan::system_rng()),
                            {}};
    renewal.dealing.occasion = kDigest;
    auto token = Token::open(test::SoftHsm::address("release"));
    token.login(quorum_.pin);
    renewal.dealing.sign(*token.signing_key("custody"), Botan::system_rng());
    renewal.sealed_pin = quorum::seal_pin(fresh, session_.public_point(), quorum_.roster, renewal, Botan::system_rng());
    publish(files_.pending, std::string_view{renewal.yaml()});
    return fresh;
  }
  void give_token(const Pin& fresh) {
    auto token = Token::open(test::SoftHsm::address("release"));
    token.login(quorum_.pin);
    token.change_pin(quorum_.pin, fresh);
  }
  static void try_wrong_pin() {
    auto token = Token::open(test::SoftHsm::address("release"));
    EXPECT_FALSE(token.try_login(test::pin("surely not this one")));
  }
  void mark_as_tried() {
    auto renewal = quorum::Renewal::load(files_.pending, quorum_.roster);
    renewal.tried = true;
    publish(files_.pending, std::string_view{renewal.yaml()});
  }

  test::SmallQuorum quorum_;
  test::TemporaryDirectory folder_;
  quorum::DealingFiles files_{folder_.path(), "release"};
  Botan::ECDH_PrivateKey session_key_{Botan::system_rng(), Botan::EC_Group::from_name("secp256r1")};
  crypto::SoftwareAgreementKey session_{session_key_, Botan::system_rng()};
};

TEST_F(Guarded, IsOpenedByTwoOfThree) {
  GuardedSession session{occasion({hand_in(0), hand_in(2)})};
  EXPECT_NO_THROW((void)session.token().signing_key("custody"));
  EXPECT_FALSE(session.wrong_tries_seen());
}

TEST_F(Guarded, IsNotTouchedForOneOfThree) {
  EXPECT_NE(refusal(occasion({hand_in(0)})), "it was opened");
  EXPECT_FALSE(Token::open(test::SoftHsm::address("release")).info().pin_count_low);
}

TEST_F(Guarded, IsNotTouchedForOneOfficerTwice) {
  EXPECT_THAT(refusal(occasion({hand_in(0), hand_in(0)})), HasSubstr("do not recombine"));
  EXPECT_FALSE(Token::open(test::SoftHsm::address("release")).info().pin_count_low);
}

TEST_F(Guarded, NamesTheOfficerOfAForeignShare) {
  const auto foreign = hand_in(1, Bytes(32, 9));
  EXPECT_THAT(refusal(occasion({hand_in(0), foreign})), AllOf(HasSubstr("officer-2"), Not(HasSubstr("officer-1"))));
}

TEST_F(Guarded, PassesOverABadShareAmongEnough) {
  EXPECT_EQ(refusal(occasion({hand_in(0), hand_in(1, Bytes(32, 9)), hand_in(2)})), "it was opened");
}

TEST_F(Guarded, HasAnotherPinAfterARenewal) {
  const auto used = occasion({hand_in(0), hand_in(1)});
  {
    GuardedSession session{used};
    session.renew(Botan::system_rng());
    EXPECT_NO_THROW((void)session.token().signing_key("custody"));
  }
  EXPECT_EQ(dealing().number, 2U);
  EXPECT_FALSE(std::filesystem::exists(files_.pending));
  EXPECT_FALSE(Token::open(test::SoftHsm::address("release")).try_login(quorum_.pin));
  EXPECT_EQ(refusal(occasion({hand_in(1), hand_in(2)})), "it was opened");
}

/// A quorum with an ML-DSA key, whose officers hand in their shares of it.
class GuardedHybrid : public Guarded {
 protected:
  void SetUp() override {
    Guarded::SetUp();
    if (IsSkipped()) return;
    quorum_.hybrid = quorum::make_hybrid_key(Botan::system_rng());
    quorum_.roster.hybrid_key = quorum_.hybrid->subject_public_key();
    quorum_.hybrid_deal = deal_hybrid_key(*quorum_.hybrid, quorum_.roster, 1, Botan::system_rng());
    quorum_.dealing = seal_shares(quorum_.roster, 1, quorum_.shares, Botan::system_rng());
    quorum_.dealing.hybrid = quorum_.hybrid_deal->dealt;
    auto token = Token::open(test::SoftHsm::address("release"));
    token.login(quorum_.pin);
    quorum_.dealing.sign(*token.signing_key("custody"), Botan::system_rng());
    quorum::publish_hybrid(folder_.path(), "release", quorum_.hybrid_deal->box);
    publish(files_.current, std::string_view{quorum_.dealing.yaml()});
  }

  [[nodiscard]] quorum::Contribution hand_in_both(std::size_t officer) {
    auto handed_in = hand_in(officer);
    crypto::SoftwareAgreementKey card{quorum_.share_keys[officer], Botan::system_rng()};
    handed_in.sealed_hybrid_share =
        quorum::hand_over_hybrid_share(quorum_.roster, dealing(), quorum_.roster.officers[officer], card,
                                       session_.public_point(), kDigest, Botan::system_rng());
    return handed_in;
  }

  [[nodiscard]] Occasion hybrid_occasion(std::vector<quorum::Contribution> contributions) {
    auto wanted = occasion(std::move(contributions));
    wanted.hybrid = HybridKey::used;
    return wanted;
  }

  [[nodiscard]] std::size_t boxes() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator{folder_ / "quorum"})
      count += entry.path().filename().string().starts_with("release.hybrid.") ? 1 : 0;
    return count;
  }
};

TEST_F(GuardedHybrid, IsSealedAndDealtAnewWhereItIsUsed) {
  {
    GuardedSession session{hybrid_occasion({hand_in_both(0), hand_in_both(1)})};
    EXPECT_EQ(session.hybrid_key()->subject_public_key(), quorum_.roster.hybrid_key);
    session.renew(Botan::system_rng());
  }
  const auto now = dealing();
  EXPECT_EQ(now.hybrid->number, 2U);
  EXPECT_NE(now.hybrid->box_digest, quorum_.hybrid_deal->dealt.box_digest);
  EXPECT_EQ(boxes(), 1U);
  GuardedSession next{hybrid_occasion({hand_in_both(1), hand_in_both(2)})};
  EXPECT_EQ(next.hybrid_key()->subject_public_key(), quorum_.roster.hybrid_key);
}

TEST_F(GuardedHybrid, GoesOnUnderItsSharesWhereItIsNotUsed) {
  GuardedSession{occasion({hand_in(0), hand_in(1)})}.renew(Botan::system_rng());
  const auto now = dealing();
  EXPECT_EQ(now.number, 2U);
  EXPECT_EQ(now.hybrid->number, 1U);
  GuardedSession next{hybrid_occasion({hand_in_both(0), hand_in_both(2)})};
  EXPECT_EQ(next.hybrid_key()->subject_public_key(), quorum_.roster.hybrid_key);
}

TEST_F(GuardedHybrid, IsNotRenewedWithoutItsShares) {
  const auto renewed = attempt([&] {
    GuardedSession{hybrid_occasion({hand_in(0), hand_in(1)})}.renew(Botan::system_rng());
    return true;
  });
  ASSERT_TRUE(std::holds_alternative<Error>(renewed));
  EXPECT_THAT(std::get<Error>(renewed).what(), HasSubstr("officer-1, officer-2 handed in none"));
  EXPECT_EQ(dealing().number, 1U);
  EXPECT_TRUE(Token::open(test::SoftHsm::address("release")).try_login(quorum_.pin));
}

TEST_F(Guarded, TellsVoidedSharesFromBadOnes) {
  const auto used = occasion({hand_in(0), hand_in(1)});
  GuardedSession{used}.renew(Botan::system_rng());
  EXPECT_FALSE(renewal_is_due(folder_.path(), quorum_.roster, kDigest, used.contributions));
  EXPECT_THAT(refusal(used), AllOf(HasSubstr("shares of officer-1, officer-2 were voided"), HasSubstr("dealing 2"),
                                   HasSubstr("'approve it' again"), Not(HasSubstr("bad"))));
  const auto mixed = refusal(occasion({used.contributions[0], hand_in(2, Bytes(32, 9))}));
  EXPECT_THAT(mixed, AllOf(HasSubstr("shares of officer-1 were voided"), HasSubstr("the share of officer-3")));
}

TEST_F(Guarded, OpensByTheOldPinWhenARenewalNeverReachedTheToken) {
  const auto used = occasion({hand_in(0), hand_in(1)});
  static_cast<void>(begin_renewal(used.contributions));
  EXPECT_TRUE(renewal_is_due(folder_.path(), quorum_.roster, kDigest, used.contributions));
  GuardedSession session{used};
  EXPECT_EQ(session.dealing().number, 1U);
  session.renew(Botan::system_rng());
  EXPECT_EQ(dealing().number, 2U);
}

TEST_F(Guarded, GoesOnWithARenewalThatReachedTheToken) {
  const auto used = occasion({hand_in(0), hand_in(1)});
  give_token(begin_renewal(used.contributions));
  GuardedSession session{used};
  EXPECT_EQ(session.dealing().number, 2U);
  session.renew(Botan::system_rng());
  EXPECT_EQ(dealing().number, 2U);
  EXPECT_FALSE(std::filesystem::exists(files_.pending));
}

TEST_F(Guarded, IsNotTouchedAfterACrashWhenSomebodyTriedWrongPins) {
  const auto used = occasion({hand_in(0), hand_in(1)});
  give_token(begin_renewal(used.contributions));
  try_wrong_pin();
  EXPECT_THAT(refusal(used), HasSubstr("reports wrong tries"));
  EXPECT_THAT(refusal(used), HasSubstr("nobody has it"));
  EXPECT_TRUE(std::filesystem::exists(files_.pending));
  EXPECT_EQ(dealing().number, 1U);
}

TEST_F(Guarded, KnowsItsOwnWrongTryFromSomebodyElses) {
  const auto used = occasion({hand_in(0), hand_in(1)});
  static_cast<void>(begin_renewal(used.contributions));
  mark_as_tried();
  try_wrong_pin();
  GuardedSession session{used};
  EXPECT_EQ(session.dealing().number, 1U);
  EXPECT_FALSE(std::filesystem::exists(files_.pending));
}

TEST_F(Guarded, SettlesARenewalOfAnotherOccasionThatReachedTheToken) {
  const auto mine = occasion({hand_in(0, Bytes(32, 2)), hand_in(1, Bytes(32, 2))}, Bytes(32, 2));
  give_token(begin_renewal({hand_in(0), hand_in(1)}));
  EXPECT_THAT(refusal(mine), HasSubstr("dealing 2 holds now"));
  EXPECT_EQ(dealing().number, 2U);
  const auto again = occasion({hand_in(0, Bytes(32, 2)), hand_in(1, Bytes(32, 2))}, Bytes(32, 2));
  EXPECT_EQ(refusal(again), "it was opened");
}

TEST_F(Guarded, SettlesARenewalOfAnotherOccasionThatDidNot) {
  const auto mine = occasion({hand_in(0, Bytes(32, 2)), hand_in(1, Bytes(32, 2))}, Bytes(32, 2));
  static_cast<void>(begin_renewal({hand_in(0), hand_in(1)}));
  EXPECT_EQ(refusal(mine), "it was opened");
  EXPECT_EQ(dealing().number, 1U);
}

TEST(GuardedPins, AreRefusedOnTokensThatTakeShortOnesOnly) {
  TokenInfo token;
  token.label = "card";
  token.max_pin = 15;
  EXPECT_THROW((void)guarded_pin_length(token), Error);
  token.max_pin = 16;
  EXPECT_EQ(guarded_pin_length(token), 16U);
  token.max_pin = 255;
  EXPECT_EQ(guarded_pin_length(token), 32U);
}

}  // namespace
}  // namespace lamp::hsm
