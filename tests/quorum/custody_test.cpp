#include "hsm/custody.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "tests/quorum/small_quorum.hpp"

namespace lamp::hsm {
namespace {

using testing::HasSubstr;

std::vector<Share> copies(const std::vector<Share>& shares, std::initializer_list<std::size_t> which) {
  std::vector<Share> some;
  for (const auto index : which) {
    const auto bytes = shares[index].expose_secret();
    some.emplace_back(SecureBytes{bytes.begin(), bytes.end()});
  }
  return some;
}

Share damaged(const Share& share) {
  SecureBytes bytes{share.expose_secret().begin(), share.expose_secret().end()};
  bytes.back() ^= 1;
  return Share{std::move(bytes)};
}

TEST(TokenPins, Have32CharactersThatAnyTokenTakes) {
  const auto pin = random_pin(Botan::system_rng());
  const auto text = to_text(pin.expose_secret());
  EXPECT_THAT(text, testing::MatchesRegex("[A-Z2-7]{32}"));
}

TEST(TokenPins, Differ) {
  EXPECT_FALSE(equal_constant_time(random_pin(Botan::system_rng()).expose_secret(),
                                   random_pin(Botan::system_rng()).expose_secret()));
}

struct Size {
  std::uint64_t threshold, shares;
};

class Dealing : public testing::TestWithParam<Size> {};

TEST_P(Dealing, LetsAnyThresholdOfSharesRecombine) {
  const auto pin = random_pin(Botan::system_rng());
  const auto shares = deal(pin, GetParam().threshold, GetParam().shares, Botan::system_rng());
  ASSERT_EQ(shares.size(), GetParam().shares);
  quorum::Roster roster;
  roster.threshold = GetParam().threshold;
  roster.officers.resize(shares.size());
  EXPECT_NO_THROW(require_every_subset(shares, roster, pin));
}

INSTANTIATE_TEST_SUITE_P(Sizes, Dealing,
                         testing::Values(Size{2, 3}, Size{2, 5}, Size{3, 5}, Size{4, 5}, Size{3, 7}, Size{2, 16}),
                         [](const auto& tested) {
                           return std::to_string(tested.param.threshold) + "Of" + std::to_string(tested.param.shares);
                         });

class ImpossibleDealing : public testing::TestWithParam<Size> {};

TEST_P(ImpossibleDealing, IsRefused) {
  const auto pin = random_pin(Botan::system_rng());
  EXPECT_THROW((void)deal(pin, GetParam().threshold, GetParam().shares, Botan::system_rng()), Error);
}

INSTANTIATE_TEST_SUITE_P(Sizes, ImpossibleDealing,
                         testing::Values(Size{0, 3}, Size{1, 3}, Size{3, 3}, Size{4, 3}, Size{2, 17}));

TEST(Combining, GivesThePinFromEitherPair) {
  const auto& quorum = test::small_quorum();
  EXPECT_TRUE(equal_constant_time(combine(copies(quorum.shares, {0, 2})).expose_secret(), quorum.pin.expose_secret()));
  EXPECT_TRUE(equal_constant_time(combine(copies(quorum.shares, {2, 1})).expose_secret(), quorum.pin.expose_secret()));
}

TEST(Combining, RefusesOneShareTwiceOrAlone) {
  const auto& shares = test::small_quorum().shares;
  EXPECT_THROW((void)combine(copies(shares, {0})), Error);
  EXPECT_THROW((void)combine(copies(shares, {0, 0})), Error);
  EXPECT_THROW((void)combine({}), Error);
}

TEST(Combining, RefusesSharesOfTwoDealings) {
  const auto& quorum = test::small_quorum();
  const auto other = deal(quorum.pin, 2, 3, Botan::system_rng());
  auto mixed = copies(quorum.shares, {0});
  mixed.push_back(std::move(copies(other, {1}).front()));
  EXPECT_THROW((void)combine(mixed), Error);
}

TEST(Combining, NeverGivesAPinFromADamagedShare) {
  const auto& quorum = test::small_quorum();
  auto shares = copies(quorum.shares, {0});
  shares.push_back(damaged(quorum.shares[1]));
  EXPECT_THROW((void)combine(shares), Error);
}

TEST(EverySubset, NamesTheOfficersWhoseSharesFail) {
  const auto& quorum = test::small_quorum();
  auto shares = copies(quorum.shares, {0, 1, 2});
  shares[2] = damaged(shares[2]);
  const auto outcome = attempt([&] {
    require_every_subset(shares, quorum.roster, quorum.pin);
    return true;
  });
  ASSERT_TRUE(std::holds_alternative<Error>(outcome));
  EXPECT_THAT(std::get<Error>(outcome).what(), HasSubstr("officer-1, officer-3"));
}

}  // namespace
}  // namespace lamp::hsm
