#include "lib/quorum/so_pin.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "lib/base/file.hpp"
#include "lib/quorum/share.hpp"
#include "tests/quorum/larger_quorum.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::quorum {
namespace {

using testing::HasSubstr;

const test::LargerQuorum& larger_quorum() {
  static const test::LargerQuorum quorum;
  return quorum;
}

bool is_so_pin(const Pin& pin) {
  return equal_constant_time(pin.expose_secret(), larger_quorum().so_pin.expose_secret());
}

SoPin reload(const SoPin& kept) {
  const test::TemporaryDirectory folder;
  publish(folder / "release.so.yaml", std::string_view{kept.yaml()});
  return SoPin::load(folder / "release.so.yaml", larger_quorum().roster);
}

template <class Step>
std::string refusal(Step&& step) {
  const auto outcome = attempt([&] {
    (void)step();
    return true;
  });
  return std::holds_alternative<Error>(outcome) ? std::get<Error>(outcome).what() : "it was accepted";
}

TEST(SoPins, AreDealtSoThatOneOfficerMoreIsNeededAndEverySuchSubsetIsEnough) {
  const auto& quorum = larger_quorum();
  const auto kept = quorum.deal_so_pin();
  EXPECT_EQ(kept.threshold, 3U);
  EXPECT_TRUE(is_so_pin(hsm::combine(quorum.open_so_shares(kept, {0, 1, 2}))));
  EXPECT_TRUE(is_so_pin(hsm::combine(quorum.open_so_shares(kept, {3, 1, 2}))));
  EXPECT_NO_THROW(hsm::require_every_subset(quorum.open_so_shares(kept, {0, 1, 2, 3}), quorum.roster, quorum.so_pin,
                                            kept.threshold));
  EXPECT_THROW((void)hsm::combine(quorum.open_so_shares(kept, {0, 1})), Error);
}

TEST(SoPins, AreNotDealtToFewerThanTwoOfficersMoreThanTheThreshold) {
  EXPECT_TRUE(so_pin_can_be_dealt(larger_quorum().roster));
  EXPECT_FALSE(so_pin_can_be_dealt(test::small_quorum().roster));
  EXPECT_THROW((void)hsm::deal_so_pin(test::small_quorum().roster, larger_quorum().so_pin, Botan::system_rng()), Error);
}

TEST(SoPins, ComeBackFromTheirFile) {
  const auto kept = larger_quorum().deal_so_pin();
  EXPECT_EQ(reload(kept).canonical(), kept.canonical());
  EXPECT_EQ(reload(kept).yaml(), kept.yaml());
}

TEST(SoPins, OfAnotherRosterAreRefused) {
  EXPECT_THAT(refusal([] { return reload(test::LargerQuorum{}.deal_so_pin()); }), HasSubstr("another roster"));
}

struct Tampering {
  const char* name;
  std::function<void(SoPin&)> change;
  const char* says;
};
void PrintTo(const Tampering& t, std::ostream* os) { *os << t.name; }

class TamperedSoPin : public testing::TestWithParam<Tampering> {};

TEST_P(TamperedSoPin, IsRefused) {
  auto kept = larger_quorum().deal_so_pin();
  GetParam().change(kept);
  EXPECT_THAT(refusal([&] { return reload(kept); }), HasSubstr(GetParam().says));
}

void sign_again(SoPin& kept) { kept.sign(larger_quorum().custody, Botan::system_rng()); }

INSTANTIATE_TEST_SUITE_P(
    EveryField, TamperedSoPin,
    testing::Values(Tampering{"Threshold", [](SoPin& s) { s.threshold = 2; }, "altered"},
                    Tampering{"Box", [](SoPin& s) { s.shares[0].box.back() ^= 1; }, "altered"},
                    Tampering{"Commitment", [](SoPin& s) { s.shares[1].commitment[0] ^= 1; }, "altered"},
                    Tampering{"Officer", [](SoPin& s) { s.shares[1].officer = "mallory"; }, "altered"},
                    Tampering{"Quorum", [](SoPin& s) { s.quorum = "other"; }, "another roster"},
                    Tampering{"LowerThresholdSigned",
                              [](SoPin& s) {
                                s.threshold = 2;
                                sign_again(s);
                              },
                              "threshold"},
                    Tampering{"ShareLeftOutSigned",
                              [](SoPin& s) {
                                s.shares.pop_back();
                                sign_again(s);
                              },
                              "one for each officer"}),
    [](const auto& tested) { return tested.param.name; });

TEST(SoShares, AreNeverTakenForSharesOfThePinNorTheOtherWayRound) {
  const auto& quorum = larger_quorum();
  const auto& officer = quorum.roster.officers[0];
  const auto kept = quorum.deal_so_pin();
  auto key = quorum.share_key(0);
  const auto pin_context = dealt_share_context(quorum.roster, 3, officer);
  EXPECT_THAT(refusal([&] { return open_share(kept.shares[0].box, key, pin_context, kept.shares[0]); }),
              HasSubstr("officer-1"));

  const auto dealing =
      hsm::seal_shares(quorum.roster, 3, hsm::deal(quorum.pin, 2, quorum.roster.officers.size(), Botan::system_rng()),
                       Botan::system_rng());
  auto swapped = kept;
  swapped.shares = dealing.shares;
  EXPECT_THAT(refusal([&] { return open_so_share(quorum.roster, swapped, officer, key); }), HasSubstr("officer-1"));
}

class HandedOver : public testing::Test {
 protected:
  HandedOver() {
    for (std::size_t i = 0; i < 4; ++i) {
      const auto& officer = quorum_.roster.officers[i];
      auto key = quorum_.share_key(i);
      contributions_.push_back({officer.name,
                                {},
                                {},
                                1,
                                hand_over_so_share(quorum_.roster, kept_, officer, key, session_.public_value(),
                                                   digest_, Botan::system_rng())});
    }
  }
  [[nodiscard]] Pin combined(const std::vector<std::string>& approved) {
    crypto::SoftwareAgreementKey session{session_, Botan::system_rng()};
    return hsm::combine_so_pin(kept_, digest_, session, contributions_, approved);
  }

  const test::LargerQuorum& quorum_ = larger_quorum();
  SoPin kept_ = quorum_.deal_so_pin();
  Bytes digest_ = Bytes(32, 9);
  Botan::ECDH_PrivateKey session_{Botan::system_rng(), Botan::EC_Group::from_name("secp256r1")};
  std::vector<Contribution> contributions_;
};

TEST_F(HandedOver, GiveItWhenEnoughOfficersApproved) {
  EXPECT_TRUE(is_so_pin(combined({"officer-1", "officer-3", "officer-4"})));
  EXPECT_TRUE(is_so_pin(combined({"officer-1", "officer-2", "officer-3", "officer-4"})));
}

TEST_F(HandedOver, CountOnlyOfOfficersWhoseApprovalCounts) {
  const auto why = refusal([&] { return combined({"officer-1", "officer-4"}); });
  EXPECT_THAT(why, HasSubstr("takes the shares of 3 officers; 2 handed theirs in, missing of officer-2, officer-3"));
}

TEST_F(HandedOver, AreOfOneActOnly) {
  digest_ = Bytes(32, 8);
  EXPECT_THAT(refusal([&] { return combined({"officer-1", "officer-2", "officer-3"}); }), HasSubstr("officer-1"));
}

TEST_F(HandedOver, ThatAreAnotherOfficersNameTheirs) {
  contributions_[2].sealed_so_share = contributions_[1].sealed_so_share;
  EXPECT_THAT(refusal([&] { return combined({"officer-1", "officer-2", "officer-3"}); }), HasSubstr("officer-3"));
}

class RecoveryCard : public testing::Test {
 protected:
  [[nodiscard]] SoPin sealed() {
    auto kept = seal_to_recovery(quorum_.roster, quorum_.so_pin, key_.public_value(), Botan::system_rng());
    sign_again(kept);
    return kept;
  }
  const test::LargerQuorum& quorum_ = larger_quorum();
  Botan::ECDH_PrivateKey key_{Botan::system_rng(), Botan::EC_Group::from_name("secp256r1")};
  crypto::SoftwareAgreementKey card_{key_, Botan::system_rng()};
};

TEST_F(RecoveryCard, OpensWhatCameBackFromItsFile) {
  const auto kept = reload(sealed());
  EXPECT_FALSE(kept.dealt());
  EXPECT_TRUE(is_so_pin(open_recovery(quorum_.roster, kept, card_)));
}

TEST_F(RecoveryCard, OfSomebodyElseDoesNotOpenIt) {
  auto other = quorum_.share_key(0);
  EXPECT_THAT(refusal([&] { return open_recovery(quorum_.roster, sealed(), other); }), HasSubstr("SO PIN"));
}

TEST_F(RecoveryCard, StaysGoodUnderTheNextRosterButNotForAnotherToken) {
  auto next = quorum_.roster;
  next.epoch = 2;
  next.previous = quorum_.roster.digest();
  next.officers.pop_back();
  const auto carried = carry_over(sealed(), next);
  EXPECT_EQ(carried.roster_digest, next.digest());
  EXPECT_TRUE(is_so_pin(open_recovery(next, carried, card_)));
  next.token_serial = "ffff";
  EXPECT_THROW((void)open_recovery(next, carried, card_), Error);
}

TEST_F(RecoveryCard, IsNoOfficers) {
  const auto seal_to = [&](const Bytes& point) {
    return refusal([&] { return seal_to_recovery(quorum_.roster, quorum_.so_pin, point, Botan::system_rng()); });
  };
  EXPECT_THAT(seal_to(quorum_.share_keys[1].public_value()), HasSubstr("officer-2"));
  EXPECT_THAT(seal_to(quorum_.approval_keys[2].raw_public_key_bits()), HasSubstr("officer-3"));
}

TEST_F(RecoveryCard, CannotBeSwappedInTheFile) {
  auto kept = sealed();
  kept.recovery_point = quorum_.share_keys[1].public_value();
  EXPECT_THAT(refusal([&] { return reload(kept); }), HasSubstr("altered"));
}

}  // namespace
}  // namespace lamp::quorum
