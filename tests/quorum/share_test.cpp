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

Attempt<Bytes> open_with(std::size_t key, const Roster& roster, std::size_t officer) {
  crypto::SoftwareAgreementKey agreement{test::small_quorum().share_keys[key], Botan::system_rng()};
  const auto& who = roster.officers[officer];
  return attempt(
      [&] { return commitment(open_share(who.sealed_share, agreement, roster_share_context(roster, who), who)); });
}

Error refusal(const Attempt<Bytes>& outcome) {
  return std::holds_alternative<Error>(outcome) ? std::get<Error>(outcome) : Error{Errc::internal, "it opened"};
}

TEST(Shares, OpenForTheirOfficer) {
  const auto& roster = test::small_quorum().roster;
  EXPECT_EQ(std::get<Bytes>(open_with(1, roster, 1)), roster.officers[1].share_commitment);
}

TEST(Shares, DoNotOpenForAnotherOfficer) {
  const auto why = refusal(open_with(0, test::small_quorum().roster, 1));
  EXPECT_EQ(why.code(), Errc::denied);
  EXPECT_THAT(why.what(), HasSubstr("officer-2"));
}

TEST(Shares, OfAnotherEpochTokenOrKeyDoNotOpen) {
  Roster epoch = test::small_quorum().roster;
  epoch.epoch = 2;
  Roster token = test::small_quorum().roster;
  token.token_serial = "ffff";
  Roster key = test::small_quorum().roster;
  key.release_key = key.custody_key;
  EXPECT_EQ(refusal(open_with(0, epoch, 0)).code(), Errc::denied);
  EXPECT_EQ(refusal(open_with(0, token, 0)).code(), Errc::denied);
  EXPECT_EQ(refusal(open_with(0, key, 0)).code(), Errc::denied);
}

TEST(Shares, ThatWereNotDealtNameTheirOfficer) {
  const auto& quorum = test::small_quorum();
  Roster roster = quorum.roster;
  auto& officer = roster.officers[0];
  officer.sealed_share =
      seal_share(quorum.shares[1], officer.share_point, roster_share_context(roster, officer), Botan::system_rng());
  EXPECT_THAT(refusal(open_with(0, roster, 0)).what(), HasSubstr("officer-1 is not the one that was dealt"));
}

TEST(Shares, HandedInForOneRequestDoNotOpenInAnother) {
  const auto& quorum = test::small_quorum();
  const auto& officer = quorum.roster.officers[0];
  crypto::SoftwareAgreementKey session{quorum.share_keys[2], Botan::system_rng()};
  const auto box = seal_share(quorum.shares[0], session.public_point(),
                              request_share_context(Bytes(32, 1), officer.name), Botan::system_rng());
  const auto open_in = [&](ByteView request) {
    return attempt(
        [&] { return commitment(open_share(box, session, request_share_context(request, officer.name), officer)); });
  };
  EXPECT_EQ(std::get<Bytes>(open_in(Bytes(32, 1))), officer.share_commitment);
  EXPECT_EQ(refusal(open_in(Bytes(32, 2))).code(), Errc::denied);
}

TEST(Contributions, ComeBackFromTheirFile) {
  const Contribution handed_in{"officer-1", {1, 2, 3}, {4, 5}};
  const auto again = Contribution::parse(handed_in.encode());
  EXPECT_EQ(again.officer, handed_in.officer);
  EXPECT_EQ(again.approval, handed_in.approval);
  EXPECT_EQ(again.sealed_share, handed_in.sealed_share);
}

TEST(Contributions, ThatAreCutShortOrLongerAreRefused) {
  const auto whole = Contribution{"officer-1", {1, 2, 3}, {4, 5}}.encode();
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
