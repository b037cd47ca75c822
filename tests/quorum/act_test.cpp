#include "lib/quorum/act.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/file.hpp"
#include "lib/quorum/anchor.hpp"
#include "tests/quorum/small_quorum.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::quorum {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Instant kNow = from_unix_seconds(1'795'000'000);

Act rotation() {
  const auto& quorum = test::small_quorum();
  return {"rotate",
          "release",
          "release",
          "give it a new PIN\nand deal it",
          quorum.share_keys[0].public_value(),
          quorum.roster.digest(),
          Bytes(16, 7),
          kNow,
          kNow + std::chrono::days{7},
          "somebody"};
}

/// The small quorum under another threshold, as the content of an act.
Act replacement(const std::function<void(Roster&)>& change = {}) {
  auto next = test::small_quorum().roster;
  next.epoch = 2;
  next.previous = test::small_quorum().roster.digest();
  next.signatures.clear();
  std::swap(next.officers[0], next.officers[1]);
  if (change) change(next);
  auto act = rotation();
  act.kind = kReplaceKind;
  act.content = next.yaml();
  return act;
}

Contribution by(std::size_t officer, const Act& act) {
  const auto& quorum = test::small_quorum();
  return {quorum.roster.officers[officer].name,
          approve(quorum.approval_keys[officer], quorum.roster, act, Botan::system_rng()),
          {}};
}

Tally count(const std::vector<Contribution>& handed_in, const Act& act, Instant now = kNow) {
  return tally(handed_in, test::small_quorum().roster, act, now);
}

TEST(Acts, ComeBackFromTheirBytes) { EXPECT_EQ(Act::parse(rotation().encode()).encode(), rotation().encode()); }

TEST(Acts, ThatAreCutShortOrLongerAreRefused) {
  const auto whole = rotation().encode();
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < whole.size(); ++size)
    accepted += std::holds_alternative<Act>(attempt([&] { return Act::parse(ByteView{whole}.first(size)); })) ? 1 : 0;
  auto longer = whole;
  longer.push_back(0);
  EXPECT_EQ(accepted, 0U);
  EXPECT_THROW((void)Act::parse(longer), Error);
}

TEST(Acts, CannotWriteOverWhatAnOfficerIsShown) {
  auto act = rotation();
  act.content = "rotate\x1b[2J";
  EXPECT_THROW((void)Act::parse(act.encode()), Error);
}

TEST(Acts, AreApprovedByTheThresholdOfOfficers) {
  EXPECT_THAT(count({by(0, rotation()), by(2, rotation())}, rotation()).approved,
              ElementsAre("officer-1", "officer-3"));
}

TEST(Acts, ChangedAfterTheApprovalAreNotApproved) {
  auto other = rotation();
  other.content = "give the key away";
  EXPECT_THAT(count({by(0, rotation())}, other).approved, IsEmpty());
}

TEST(Acts, AskedForAgainAreOtherActs) {
  auto again = rotation();
  again.nonce = Bytes(16, 8);
  EXPECT_THAT(count({by(0, rotation())}, again).objections, ElementsAre(HasSubstr("not over these bytes")));
}

TEST(Acts, ExpireAtTheirSecond) {
  const auto act = rotation();
  EXPECT_THAT(count({by(0, act)}, act, act.expires).objections, ElementsAre(HasSubstr("expired at")));
}

TEST(NewRosters, AreSignedByTheApprovalsOfTheirAct) {
  const auto& quorum = test::small_quorum();
  const auto act = replacement();
  const std::vector<Contribution> handed_in{by(0, act), by(1, act)};
  EXPECT_THAT(count(handed_in, act).approved, ElementsAre("officer-1", "officer-2"));
  auto next = Roster::parse(act.content, "next");
  next.signatures = {cose::sign1(quorum.custody, Botan::system_rng(), next.canonical(), kRosterContext),
                     handed_in[0].approval, handed_in[1].approval};
  EXPECT_THAT(check_succession(next, quorum.roster).objections, IsEmpty());
  next.signatures.pop_back();
  EXPECT_FALSE(check_succession(next, quorum.roster).acceptable());
}

TEST(NewRosters, ApprovedInOneActAreNotInAnother) {
  auto again = replacement();
  again.nonce = Bytes(16, 8);
  EXPECT_THAT(count({by(0, replacement())}, again).objections, ElementsAre(HasSubstr("another request")));
}

TEST(NewRosters, AreShownAsWhatTheyChange) {
  const auto lines = describe(replacement(), test::small_quorum().roster);
  EXPECT_THAT(lines, testing::Contains("then   2 of 3: officer-2, officer-1, officer-3"));
}

TEST(NewRosters, OfAnotherTokenKeyOrEpochAreNotShownForApproval) {
  const auto refused = [](const std::function<void(Roster&)>& change) {
    return std::holds_alternative<Error>(
        attempt([&] { return describe(replacement(change), test::small_quorum().roster); }));
  };
  EXPECT_TRUE(refused([](Roster& r) { r.token_serial = "ffff"; }));
  EXPECT_TRUE(refused([](Roster& r) { r.release_key = r.custody_key; }));
  EXPECT_TRUE(refused([](Roster& r) { r.custody_key = r.release_key; }));
  EXPECT_TRUE(refused([](Roster& r) { r.hybrid_key = make_hybrid_key(Botan::system_rng())->subject_public_key(); }));
  EXPECT_TRUE(refused([](Roster& r) { r.epoch = 3; }));
  EXPECT_TRUE(refused([](Roster& r) { r.previous = Bytes(32, 1); }));
  EXPECT_FALSE(refused({}));
}

TEST(Acts, RenewTheMlDsaKeyWhereTheyRenewThePin) {
  auto roster = test::small_quorum().roster;
  auto act = rotation();
  EXPECT_FALSE(renews_hybrid_key(act, roster));
  roster.hybrid_key = Bytes(1);
  EXPECT_TRUE(renews_hybrid_key(act, roster));
  act.kind = "crl";
  EXPECT_FALSE(renews_hybrid_key(act, roster));
}

TEST(HandedInShares, ComeBackFromTheirBytes) {
  Contribution handed_in{"officer-1", Bytes(3, 1), Bytes(4, 2), 5};
  EXPECT_EQ(Contribution::parse(handed_in.encode()).encode(), handed_in.encode());
  handed_in.sealed_hybrid_share = Bytes(6, 3);
  EXPECT_EQ(Contribution::parse(handed_in.encode()).sealed_hybrid_share, handed_in.sealed_hybrid_share);
}

TEST(DoneActs, AreKnown) {
  const test::TemporaryDirectory folder;
  store::Database database{folder / "state.db"};
  database.migrate(schema());
  const auto known = [&] { return database.read([&](store::Transaction& t) { return was_done(t, rotation()); }); };
  EXPECT_FALSE(known());
  database.write([&](store::Transaction& t) { record_done(t, rotation(), kNow); });
  EXPECT_TRUE(known());
}

TEST(HandedInFiles, ThatAreNoneAreNamed) {
  const test::TemporaryDirectory folder;
  publish(folder / "a.cbor", ByteView{by(0, rotation()).encode()});
  publish(folder / "b.cbor", std::string_view{"rubbish"});
  publish(folder / "note.txt", std::string_view{"not asked for"});
  const auto handed_in = read_contributions(folder.path());
  EXPECT_EQ(handed_in.contributions.size(), 1U);
  EXPECT_THAT(handed_in.unreadable, ElementsAre(HasSubstr("b.cbor")));
}

}  // namespace
}  // namespace lamp::quorum
