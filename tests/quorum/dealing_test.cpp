#include "lib/quorum/dealing.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "lib/base/file.hpp"
#include "tests/quorum/small_quorum.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::quorum {
namespace {

using testing::HasSubstr;

Dealing reload(const Dealing& dealing) {
  const test::TemporaryDirectory folder;
  publish(folder / "release.shares.yaml", std::string_view{dealing.yaml()});
  return Dealing::load(folder / "release.shares.yaml", test::small_quorum().roster);
}

std::string refusal_of(const Dealing& dealing) {
  const auto outcome = attempt([&] { return reload(dealing); });
  return std::holds_alternative<Error>(outcome) ? std::get<Error>(outcome).what() : "it was accepted";
}

TEST(Dealings, ComeBackFromTheirFileUnchanged) {
  const auto& dealing = test::small_quorum().dealing;
  EXPECT_EQ(reload(dealing).canonical(), dealing.canonical());
  EXPECT_EQ(reload(dealing).yaml(), dealing.yaml());
}

TEST(Dealings, OfAnotherRosterAreRefused) {
  EXPECT_THAT(refusal_of(test::SmallQuorum{}.dealing), HasSubstr("another roster"));
}

struct Tampering {
  const char* name;
  std::function<void(Dealing&)> change;
  const char* says;
};
void PrintTo(const Tampering& t, std::ostream* os) { *os << t.name; }

class TamperedDealing : public testing::TestWithParam<Tampering> {};

TEST_P(TamperedDealing, IsRefused) {
  Dealing dealing = test::small_quorum().dealing;
  GetParam().change(dealing);
  EXPECT_THAT(refusal_of(dealing), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    EveryField, TamperedDealing,
    testing::Values(Tampering{"Number", [](Dealing& d) { d.number = 2; }, "altered"},
                    Tampering{"Occasion", [](Dealing& d) { d.occasion = Bytes(32, 1); }, "altered"},
                    Tampering{"Box", [](Dealing& d) { d.shares[0].box.back() ^= 1; }, "altered"},
                    Tampering{"Commitment", [](Dealing& d) { d.shares[1].commitment[0] ^= 1; }, "altered"},
                    Tampering{"Officer", [](Dealing& d) { d.shares[1].officer = "mallory"; }, "one for each officer"},
                    Tampering{"ShareLeftOut", [](Dealing& d) { d.shares.pop_back(); }, "one for each officer"},
                    Tampering{"Quorum", [](Dealing& d) { d.quorum = "other"; }, "another roster"},
                    Tampering{"Roster", [](Dealing& d) { d.roster_digest[0] ^= 1; }, "another roster"}),
    [](const auto& tested) { return tested.param.name; });

class HybridDealings : public testing::Test {
 protected:
  HybridDealings() { quorum_.add_hybrid_key(); }
  [[nodiscard]] std::string refusal() const {
    const auto outcome = attempt(
        [&] { return Dealing::parse_signed(quorum_.dealing.yaml(), "release.shares.yaml", quorum_.roster).number; });
    return std::holds_alternative<Error>(outcome) ? std::get<Error>(outcome).what() : "it was accepted";
  }
  test::SmallQuorum quorum_;
};

TEST_F(HybridDealings, ComeBackFromTheirFileUnchanged) {
  const auto again = Dealing::parse_signed(quorum_.dealing.yaml(), "release.shares.yaml", quorum_.roster);
  EXPECT_EQ(again.canonical(), quorum_.dealing.canonical());
  EXPECT_EQ(again.yaml(), quorum_.dealing.yaml());
}

TEST_F(HybridDealings, AreSignedWithAllThatIsInThem) {
  quorum_.dealing.hybrid->box_digest[0] ^= 1;
  EXPECT_THAT(refusal(), HasSubstr("altered"));
  quorum_.dealing.hybrid->box_digest[0] ^= 1;
  quorum_.dealing.hybrid->shares[1].commitment[0] ^= 1;
  EXPECT_THAT(refusal(), HasSubstr("altered"));
}

TEST_F(HybridDealings, AreWhereTheRosterHasAnMlDsaKeyAndNowhereElse) {
  auto hybrid = std::move(quorum_.dealing.hybrid);
  quorum_.dealing.hybrid.reset();
  quorum_.dealing.sign(quorum_.custody, Botan::system_rng());
  EXPECT_THAT(refusal(), HasSubstr("do not agree on whether there is an ML-DSA key"));
  quorum_.dealing.hybrid = std::move(hybrid);
  quorum_.dealing.hybrid->shares.pop_back();
  quorum_.dealing.sign(quorum_.custody, Botan::system_rng());
  EXPECT_THAT(refusal(), HasSubstr("one for each officer"));
}

class Renewals : public testing::Test {
 protected:
  Renewals() { publish(files_.current, std::string_view{test::small_quorum().dealing.yaml()}); }

  void begin(std::uint64_t number) {
    auto dealing = test::small_quorum().dealing;
    dealing.number = number;
    dealing.occasion = Bytes(32, 5);
    dealing.sign(test::small_quorum().custody, Botan::system_rng());
    publish(files_.pending, std::string_view{Renewal{dealing, Bytes(40, 6), true}.yaml()});
  }
  [[nodiscard]] std::optional<Renewal> unfinished() const {
    return files_.unfinished(test::small_quorum().roster, test::small_quorum().dealing);
  }

  test::TemporaryDirectory folder_;
  DealingFiles files_{folder_.path(), "release"};
};

TEST_F(Renewals, AreFoundWithAllThatTheyNeedToGoOn) {
  begin(2);
  const auto found = unfinished();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->dealing.number, 2U);
  EXPECT_EQ(found->dealing.occasion, Bytes(32, 5));
  EXPECT_EQ(found->sealed_pin, Bytes(40, 6));
  EXPECT_TRUE(found->tried);
}

TEST_F(Renewals, ThatTheCurrentDealingHasCaughtUpWithAreOver) {
  begin(1);
  EXPECT_FALSE(unfinished().has_value());
}

TEST_F(Renewals, AreNoneWithoutTheFile) { EXPECT_FALSE(unfinished().has_value()); }

}  // namespace
}  // namespace lamp::quorum
