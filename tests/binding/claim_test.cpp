#include "lib/binding/claim.hpp"

#include <botan/system_rng.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/error.hpp"

namespace lamp::binding {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kCode = "ABCDEFGH234567OB";

ClaimVerifier verifier() { return ClaimVerifier::make(read_claim_code(kCode), Botan::system_rng()); }

TEST(ClaimCodes, AreSixteenCharactersAndNeverTheSame) {
  const auto one = make_claim_code(Botan::system_rng()), other = make_claim_code(Botan::system_rng());
  EXPECT_EQ(one.size(), 16U);
  EXPECT_FALSE(equal_constant_time(one.expose_secret(), other.expose_secret()));
}

struct Typed {
  const char* name;
  std::string text;
  ClaimCheck check;
};
void PrintTo(const Typed& t, std::ostream* os) { *os << t.name; }

class TypedCode : public testing::TestWithParam<Typed> {};

TEST_P(TypedCode, IsReadAsPeopleMeanIt) {
  EXPECT_EQ(check(read_claim_code(GetParam().text), verifier()), GetParam().check);
}

INSTANTIATE_TEST_SUITE_P(Claim, TypedCode,
                         testing::Values(Typed{"AsPrinted", kCode, ClaimCheck::right},
                                         Typed{"LowerCase", "abcdefgh234567ob", ClaimCheck::right},
                                         Typed{"Grouped", "ABCD-EFGH 2345-67OB", ClaimCheck::right},
                                         Typed{"DigitsForLetters", "ABCDEFGH23456708", ClaimCheck::right},
                                         Typed{"OneOff", "ABCDEFGH234567OC", ClaimCheck::wrong},
                                         Typed{"AllA", "AAAAAAAAAAAAAAAA", ClaimCheck::wrong}),
                         [](const auto& tested) { return std::string{tested.param.name}; });

class NoCode : public testing::TestWithParam<const char*> {};

TEST_P(NoCode, IsRefusedWithoutBeingQuoted) {
  const auto read = attempt([&] { return read_claim_code(GetParam()); });
  ASSERT_TRUE(std::holds_alternative<Error>(read));
  EXPECT_EQ(std::get<Error>(read).code(), Errc::bad_input);
  EXPECT_THAT(std::get<Error>(read).what(), Not(HasSubstr("SECRET")));
}

INSTANTIATE_TEST_SUITE_P(Claim, NoCode,
                         testing::Values("", "SECRET", "SECRETSECRETSECRETSECRET", "SECRET!SECRET!AB",
                                         "SECRET99SECRET99"));

TEST(ClaimVerifiers, OfTheSameCodeDiffer) { EXPECT_NE(verifier().verifier, verifier().verifier); }

TEST(ClaimVerifiers, ThatAreEmptyNeverHold) {
  EXPECT_EQ(check(read_claim_code(kCode), ClaimVerifier{}), ClaimCheck::wrong);
}

}  // namespace
}  // namespace lamp::binding
