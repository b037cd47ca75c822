#include "lib/quorum/share.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "lib/quorum/contribution.hpp"
#include "tests/quorum/small_quorum.hpp"

namespace lamp::quorum {
namespace {

using testing::HasSubstr;

Attempt<Bytes> open_with(std::size_t key, const Roster& roster, std::size_t officer, std::uint64_t dealing = 1) {
  crypto::SoftwareAgreementKey agreement{test::small_quorum().share_keys[key], Botan::system_rng()};
  const auto& dealt = test::small_quorum().dealing.shares[officer];
  const auto context = dealt_share_context(roster, dealing, roster.officers[officer]);
  return attempt([&] { return commitment(open_share(dealt.box, agreement, context, dealt)); });
}

Error refusal(const Attempt<Bytes>& outcome) {
  return std::holds_alternative<Error>(outcome) ? std::get<Error>(outcome) : Error{Errc::internal, "it opened"};
}

TEST(Shares, OpenForTheirOfficer) {
  const auto& quorum = test::small_quorum();
  EXPECT_EQ(std::get<Bytes>(open_with(1, quorum.roster, 1)), quorum.dealing.shares[1].commitment);
}

TEST(Shares, DoNotOpenForAnotherOfficer) {
  const auto why = refusal(open_with(0, test::small_quorum().roster, 1));
  EXPECT_EQ(why.code(), Errc::denied);
  EXPECT_THAT(why.what(), HasSubstr("officer-2"));
}

TEST(Shares, OfAnotherRosterDealingTokenOrKeyDoNotOpen) {
  Roster epoch = test::small_quorum().roster;
  epoch.epoch = 2;
  Roster token = test::small_quorum().roster;
  token.token_serial = "ffff";
  Roster key = test::small_quorum().roster;
  key.custody_key = key.release_key;
  EXPECT_EQ(refusal(open_with(0, test::small_quorum().roster, 0, 2)).code(), Errc::denied);
  EXPECT_EQ(refusal(open_with(0, epoch, 0)).code(), Errc::denied);
  EXPECT_EQ(refusal(open_with(0, token, 0)).code(), Errc::denied);
  EXPECT_EQ(refusal(open_with(0, key, 0)).code(), Errc::denied);
}

TEST(Shares, ThatWereNotDealtNameTheirOfficer) {
  const auto& quorum = test::small_quorum();
  const auto& officer = quorum.roster.officers[0];
  const auto context = dealt_share_context(quorum.roster, 1, officer);
  const auto box = seal_share(quorum.shares[1], officer.share_point, context, Botan::system_rng());
  crypto::SoftwareAgreementKey key{quorum.share_keys[0], Botan::system_rng()};
  const auto outcome = attempt([&] { return commitment(open_share(box, key, context, quorum.dealing.shares[0])); });
  EXPECT_THAT(refusal(outcome).what(), HasSubstr("officer-1 is not the one that was dealt"));
}

TEST(Shares, HandedInForOneRequestDoNotOpenInAnother) {
  const auto& quorum = test::small_quorum();
  const auto& officer = quorum.dealing.shares[0];
  crypto::SoftwareAgreementKey session{quorum.share_keys[2], Botan::system_rng()};
  const auto box = seal_share(quorum.shares[0], session.public_point(),
                              request_share_context(Bytes(32, 1), officer.officer), Botan::system_rng());
  const auto open_in = [&](ByteView request) {
    return attempt(
        [&] { return commitment(open_share(box, session, request_share_context(request, officer.officer), officer)); });
  };
  EXPECT_EQ(std::get<Bytes>(open_in(Bytes(32, 1))), officer.commitment);
  EXPECT_EQ(refusal(open_in(Bytes(32, 2))).code(), Errc::denied);
}

TEST(Shares, AreHandedOverToOneSessionKey) {
  const auto& quorum = test::small_quorum();
  crypto::SoftwareAgreementKey card{quorum.share_keys[0], Botan::system_rng()};
  crypto::SoftwareAgreementKey session{quorum.share_keys[2], Botan::system_rng()};
  const auto box = hand_over_share(quorum.roster, quorum.dealing, quorum.roster.officers[0], card,
                                   session.public_point(), Bytes(32, 1), Botan::system_rng());
  const auto context = request_share_context(Bytes(32, 1), "officer-1");
  EXPECT_NO_THROW((void)open_share(box, session, context, quorum.dealing.shares[0]));
}

TEST(RenewedPins, OpenForTheirOccasionAndDealingOnly) {
  const auto& quorum = test::small_quorum();
  crypto::SoftwareAgreementKey session{quorum.share_keys[2], Botan::system_rng()};
  Renewal renewal{quorum.dealing, {}};
  renewal.dealing.occasion = Bytes(32, 1);
  renewal.sealed_pin = seal_pin(quorum.pin, session.public_point(), quorum.roster, renewal, Botan::system_rng());
  const auto open = [&](const Renewal& tried) {
    return attempt([&] { return open_pin(session, quorum.roster, tried).size(); });
  };
  EXPECT_EQ(std::get<std::size_t>(open(renewal)), quorum.pin.size());
  Renewal other_occasion = renewal, other_dealing = renewal;
  other_occasion.dealing.occasion = Bytes(32, 2);
  other_dealing.dealing.number = 2;
  EXPECT_TRUE(std::holds_alternative<Error>(open(other_occasion)));
  EXPECT_TRUE(std::holds_alternative<Error>(open(other_dealing)));
}

TEST(Contributions, ComeBackFromTheirFile) {
  const Contribution handed_in{"officer-1", {1, 2, 3}, {4, 5}, 6, {7, 8}};
  const auto again = Contribution::parse(handed_in.encode());
  EXPECT_EQ(again.officer, handed_in.officer);
  EXPECT_EQ(again.approval, handed_in.approval);
  EXPECT_EQ(again.sealed_share, handed_in.sealed_share);
  EXPECT_EQ(again.dealing, 6U);
  EXPECT_EQ(again.sealed_so_share, handed_in.sealed_so_share);
}

TEST(Contributions, ThatAreCutShortOrLongerAreRefused) {
  const auto whole = Contribution{"officer-1", {1, 2, 3}, {4, 5}, 6}.encode();
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < whole.size(); ++size)
    accepted +=
        std::holds_alternative<Contribution>(attempt([&] { return Contribution::parse(ByteView{whole}.first(size)); }));
  auto longer = whole;
  longer.push_back(0);
  EXPECT_EQ(accepted, 0U);
  EXPECT_THROW((void)Contribution::parse(longer), Error);
}

}  // namespace
}  // namespace lamp::quorum
