#include "lib/quorum/approval.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/crypto/cbor.hpp"
#include "tests/quorum/small_quorum.hpp"

namespace lamp::quorum {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Instant kNow = from_unix_seconds(1'795'000'000);
const Instant kLater = kNow + std::chrono::days{7};
const Bytes kPayload = to_bytes("exactly these bytes");

Bytes approval_by(std::size_t officer, ByteView payload = kPayload, Instant expires = kLater, ByteView binding = {}) {
  const auto& quorum = test::small_quorum();
  return approve(quorum.approval_keys[officer], quorum.roster, payload, kOrderContext, expires, Botan::system_rng(),
                 binding);
}

Tally count(const std::vector<Bytes>& approvals, ByteView binding = {}) {
  return tally(approvals, test::small_quorum().roster, kPayload, kOrderContext, kNow, binding);
}

TEST(Approvals, OfTwoOfficersReachTheThreshold) {
  const auto counted = count({approval_by(0), approval_by(2)});
  EXPECT_THAT(counted.approved, ElementsAre("officer-1", "officer-3"));
  EXPECT_THAT(counted.missing, ElementsAre("officer-2"));
  EXPECT_THAT(counted.objections, IsEmpty());
  EXPECT_TRUE(counted.reaches(2));
}

TEST(Approvals, OfOneOfficerTwiceCountOnce) {
  const auto counted = count({approval_by(0), approval_by(0)});
  EXPECT_THAT(counted.approved, ElementsAre("officer-1"));
  EXPECT_THAT(counted.objections, ElementsAre(HasSubstr("officer-1 approved more than once")));
  EXPECT_FALSE(counted.reaches(2));
}

TEST(Approvals, AreRefusedToAKeyOutsideTheRoster) {
  const auto stranger = test::make_p256();
  EXPECT_THROW(
      (void)approve(stranger, test::small_quorum().roster, kPayload, kOrderContext, kLater, Botan::system_rng()),
      Error);
}

TEST(Approvals, ByAForeignOfficerDoNotCount) {
  const test::SmallQuorum other;
  const auto foreign =
      approve(other.approval_keys[0], other.roster, kPayload, kOrderContext, kLater, Botan::system_rng());
  EXPECT_THAT(count({foreign}).objections, ElementsAre(HasSubstr("not in roster release")));
}

TEST(Approvals, OfOtherBytesDoNotCount) {
  const auto counted = count({approval_by(0, to_bytes("exactly these byteS"))});
  EXPECT_THAT(counted.approved, IsEmpty());
  EXPECT_THAT(counted.objections, ElementsAre(HasSubstr("officer-1 is not over these bytes")));
}

TEST(Approvals, ForAnotherPurposeDoNotCount) {
  const auto counted = tally({approval_by(0)}, test::small_quorum().roster, kPayload, kPlanContext, kNow);
  EXPECT_THAT(counted.approved, IsEmpty());
}

TEST(Approvals, ExpireAtTheirSecond) {
  EXPECT_THAT(count({approval_by(0, kPayload, kNow + std::chrono::seconds{1})}).approved, ElementsAre("officer-1"));
  const auto expired = count({approval_by(0, kPayload, kNow)});
  EXPECT_THAT(expired.approved, IsEmpty());
  EXPECT_THAT(expired.objections, ElementsAre(HasSubstr("officer-1 expired at")));
}

TEST(Approvals, OfAnEarlierRosterEpochDoNotCount) {
  Roster newer = test::small_quorum().roster;
  newer.epoch = 2;
  const auto counted = tally({approval_by(0)}, newer, kPayload, kOrderContext, kNow);
  EXPECT_THAT(counted.objections, ElementsAre(HasSubstr("roster epoch 1, the roster has epoch 2")));
}

TEST(Approvals, BoundToOneOccasionDoNotCountForAnother) {
  const auto bound = approval_by(0, kPayload, kLater, Bytes(32, 1));
  EXPECT_THAT(count({bound}, Bytes(32, 1)).approved, ElementsAre("officer-1"));
  EXPECT_THAT(count({bound}, Bytes(32, 2)).objections, ElementsAre(HasSubstr("another request")));
  EXPECT_THAT(count({approval_by(0)}, Bytes(32, 1)).objections, ElementsAre(HasSubstr("another request")));
}

TEST(Approvals, NeverRepeatANonce) { EXPECT_NE(approval_by(0), approval_by(0)); }

TEST(Approvals, WithAnyByteFlippedDoNotCount) {
  const auto good = approval_by(0);
  std::size_t counted = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 1;
    counted += count({bad}).approved.size();
  }
  EXPECT_EQ(counted, 0U);
}

TEST(Approvals, ThatAreNoneAreObjectionsNotFailures) {
  const auto counted = count({Bytes{}, to_bytes("rubbish"), approval_by(1)});
  EXPECT_THAT(counted.approved, ElementsAre("officer-2"));
  EXPECT_EQ(counted.objections.size(), 2U);
}

TEST(Approvals, WithoutTheirTermsDoNotCount) {
  const auto& quorum = test::small_quorum();
  const auto bare = cose::sign1(quorum.approval_keys[0], Botan::system_rng(), kPayload, kOrderContext);
  EXPECT_THAT(count({bare}).objections, ElementsAre(HasSubstr("no nonce")));
}

TEST(MissingOfficers, AreNamedAsAChoiceWhereThereIsOne) {
  EXPECT_EQ(describe_missing(count({approval_by(0)}), 2), "missing one of officer-2, officer-3");
  EXPECT_EQ(describe_missing(count({}), 2), "missing two of officer-1, officer-2, officer-3");
  EXPECT_EQ(describe_missing(count({approval_by(0), approval_by(1)}), 3), "missing officer-3");
}

}  // namespace
}  // namespace lamp::quorum
