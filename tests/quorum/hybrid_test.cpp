// The ML-DSA key of a quorum: sealed, dealt, opened by officers' shares and by nothing less.
#include "hsm/hybrid.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/file.hpp"
#include "lib/quorum/share.hpp"
#include "tests/quorum/small_quorum.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::quorum {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const Bytes kDigest(32, 1);

auto& rng() { return Botan::system_rng(); }

SymmetricKey some_key(std::uint8_t fill = 7) { return SymmetricKey{SecureBytes(32, fill)}; }

class HybridKeys : public testing::Test {
 protected:
  HybridKeys() {
    quorum_.add_hybrid_key();
    publish_hybrid(folder_.path(), "release", quorum_.hybrid_deal->box);
  }

  [[nodiscard]] Contribution hand_in(std::size_t officer, const Bytes& digest = kDigest) {
    crypto::SoftwareAgreementKey card{quorum_.share_keys[officer], rng()};
    Contribution handed_in{quorum_.roster.officers[officer].name, {}, {}, 1};
    handed_in.sealed_hybrid_share =
        hand_over_hybrid_share(quorum_.roster, quorum_.dealing, quorum_.roster.officers[officer], card,
                               session_.public_point(), digest, rng());
    return handed_in;
  }

  [[nodiscard]] std::unique_ptr<Botan::Private_Key> open(const std::vector<Contribution>& handed_in) {
    std::vector<std::string> approved;
    for (const auto& one : handed_in) approved.push_back(one.officer);
    return hsm::combine_hybrid_key({folder_.path(), quorum_.roster, *quorum_.dealing.hybrid, kDigest, session_,
                                    handed_in, approved, "approve it"});
  }

  [[nodiscard]] std::string refusal(const std::vector<Contribution>& handed_in) {
    const auto outcome = attempt([&] { return open(handed_in)->algo_name(); });
    return std::holds_alternative<Error>(outcome) ? std::get<Error>(outcome).what() : "it was opened";
  }

  [[nodiscard]] std::string refusal_of_box(const Bytes& box, const SymmetricKey& under, std::uint64_t number) {
    const auto outcome = attempt([&] { return open_hybrid_key(box, under, quorum_.roster, number)->algo_name(); });
    return std::holds_alternative<Error>(outcome) ? std::get<Error>(outcome).what() : "it was opened";
  }

  test::SmallQuorum quorum_;
  test::TemporaryDirectory folder_;
  Botan::ECDH_PrivateKey session_key_{rng(), Botan::EC_Group::from_name("secp256r1")};
  crypto::SoftwareAgreementKey session_{session_key_, rng()};
};

TEST_F(HybridKeys, AreOpenedByTwoOfThree) {
  EXPECT_EQ(open({hand_in(0), hand_in(2)})->subject_public_key(), quorum_.roster.hybrid_key);
  EXPECT_EQ(open({hand_in(2), hand_in(1)})->subject_public_key(), quorum_.roster.hybrid_key);
}

TEST_F(HybridKeys, AreNotOpenedByOneOrByOneTwice) {
  EXPECT_THAT(refusal({hand_in(0)}), HasSubstr("takes the shares of 2 officers"));
  EXPECT_THAT(refusal({hand_in(0), hand_in(0)}), HasSubstr("do not recombine"));
}

TEST_F(HybridKeys, NameWhoHandedInNoShare) {
  auto without = hand_in(1);
  without.sealed_hybrid_share.clear();
  EXPECT_THAT(refusal({hand_in(0), without}), AllOf(HasSubstr("officer-2 handed in none"), HasSubstr("'approve it'")));
}

TEST_F(HybridKeys, NameTheOfficerOfAShareOfAnotherOccasion) {
  EXPECT_THAT(refusal({hand_in(0), hand_in(1, Bytes(32, 9))}),
              AllOf(HasSubstr("the share of officer-2"), Not(HasSubstr("officer-1"))));
}

TEST_F(HybridKeys, AreNotOpenedBySharesOfThePin) {
  auto of_the_pin = hand_in(1);
  crypto::SoftwareAgreementKey card{quorum_.share_keys[1], rng()};
  of_the_pin.sealed_hybrid_share = hand_over_share(quorum_.roster, quorum_.dealing, quorum_.roster.officers[1], card,
                                                   session_.public_point(), kDigest, rng());
  EXPECT_THAT(refusal({hand_in(0), of_the_pin}), HasSubstr("the share of officer-2"));
}

TEST_F(HybridKeys, DealtAnewAreNotOpenedByFormerShares) {
  const std::vector<Contribution> former{hand_in(0), hand_in(1)};
  quorum_.hybrid_deal = hsm::deal_hybrid_key(*quorum_.hybrid, quorum_.roster, 2, rng());
  publish_hybrid(folder_.path(), "release", quorum_.hybrid_deal->box);
  quorum_.deal_again(2);
  EXPECT_THAT(refusal(former), AllOf(HasSubstr("the share of officer-1"), HasSubstr("the share of officer-2")));
  EXPECT_EQ(refusal({hand_in(1), hand_in(2)}), "it was opened");
}

TEST_F(HybridKeys, AreSealedForOneDealingOfOneRoster) {
  const auto under = some_key();
  const auto box = seal_hybrid_key(*quorum_.hybrid, under, quorum_.roster, 3, rng());
  EXPECT_EQ(refusal_of_box(box, under, 3), "it was opened");
  EXPECT_THAT(refusal_of_box(box, under, 4), HasSubstr("another key or purpose"));
  EXPECT_THAT(refusal_of_box(box, some_key(8), 3), HasSubstr("another key or purpose"));
  quorum_.roster.epoch = 2;
  EXPECT_THAT(refusal_of_box(box, under, 3), HasSubstr("another key or purpose"));
}

TEST_F(HybridKeys, AreNotAlteredInTheirBox) {
  const auto under = some_key();
  const auto box = seal_hybrid_key(*quorum_.hybrid, under, quorum_.roster, 1, rng());
  std::size_t opened = 0;
  for (std::size_t at = 0; at < box.size(); ++at) {
    auto bad = box;
    bad[at] ^= 1;
    opened += refusal_of_box(bad, under, 1) == "it was opened" ? 1 : 0;
  }
  EXPECT_EQ(opened, 0U);
}

TEST_F(HybridKeys, AreTheOnesThatTheRosterNames) {
  const auto under = some_key();
  const auto box = seal_hybrid_key(*make_hybrid_key(rng()), under, quorum_.roster, 1, rng());
  EXPECT_THAT(refusal_of_box(box, under, 1), HasSubstr("not the key that the roster names"));
}

TEST_F(HybridKeys, LieInAFileThatNobodyElseReads) {
  const auto file = hybrid_file(folder_.path(), "release", quorum_.dealing.hybrid->box_digest);
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  publish(file, ByteView{Bytes(60, 1)}, Mode::secret);
  EXPECT_THAT(refusal({hand_in(0), hand_in(1)}), HasSubstr("is not the box that the dealing names"));
}

TEST_F(HybridKeys, OfFormerDealingsGo) {
  publish_hybrid(folder_.path(), "release", Bytes(60, 1));
  publish_hybrid(folder_.path(), "other", Bytes(60, 2));
  discard_other_hybrids(folder_.path(), "release", *quorum_.dealing.hybrid);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{folder_ / "quorum"}) files += entry.is_regular_file();
  EXPECT_EQ(files, 2U);
  EXPECT_EQ(refusal({hand_in(0), hand_in(1)}), "it was opened");
}

TEST_F(HybridKeys, AreTriedInEverySubsetWhenTheyAreMade) {
  std::vector<Share> opened;
  for (std::size_t i = 0; i < 3; ++i) {
    crypto::SoftwareAgreementKey card{quorum_.share_keys[i], rng()};
    opened.push_back(open_hybrid_share(quorum_.roster, *quorum_.dealing.hybrid, quorum_.roster.officers[i], card));
  }
  EXPECT_NO_THROW(hsm::require_every_subset_opens(quorum_.roster, *quorum_.hybrid_deal, opened));
  auto other = hsm::deal_hybrid_key(*quorum_.hybrid, quorum_.roster, 1, rng());
  EXPECT_THROW(hsm::require_every_subset_opens(quorum_.roster, other, opened), Error);
}

}  // namespace
}  // namespace lamp::quorum
