#include "lib/quorum/model_keys.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/file.hpp"
#include "tests/quorum/small_quorum.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::quorum {
namespace {

using testing::HasSubstr;

ModelKeys signed_keys() {
  ModelKeys keys;
  keys.quorum = "release";
  keys.keys = {{"smart-lamp", "line1", Bytes(385, 1)}, {"gateway", "line1", Bytes(385, 2)}};
  keys.sign(test::small_quorum().custody, Botan::system_rng());
  return keys;
}

Attempt<ModelKeys> reload(const ModelKeys& keys) {
  const test::TemporaryDirectory folder;
  publish(folder / "release.kek.yaml", std::string_view{keys.yaml()});
  return attempt([&] { return ModelKeys::load(folder / "release.kek.yaml", test::small_quorum().roster); });
}

Error refusal(const Attempt<ModelKeys>& outcome) {
  return std::holds_alternative<Error>(outcome) ? std::get<Error>(outcome) : Error{Errc::internal, "it was accepted"};
}

TEST(ModelKeys, ComeBackFromTheirFile) {
  const auto again = std::get<ModelKeys>(reload(signed_keys()));
  EXPECT_EQ(again.find("gateway", "line1").wrapped, Bytes(385, 2));
}

TEST(ModelKeys, PutInByAnybodyElseAreRefused) {
  auto keys = signed_keys();
  keys.keys[0].wrapped = Bytes(385, 9);
  EXPECT_EQ(refusal(reload(keys)).code(), Errc::denied);
}

TEST(ModelKeys, SignedByAnotherQuorumAreRefused) {
  auto keys = signed_keys();
  keys.sign(test::make_p256(), Botan::system_rng());
  EXPECT_EQ(refusal(reload(keys)).code(), Errc::denied);
}

TEST(ModelKeys, OfAnotherEpochAreRefused) {
  auto keys = signed_keys();
  keys.epoch = 2;
  keys.sign(test::small_quorum().custody, Botan::system_rng());
  EXPECT_THAT(refusal(reload(keys)).what(), HasSubstr("epoch 2"));
}

TEST(ModelKeys, ThatAreAbsentAreNamedWithThoseThatAreThere) {
  const auto keys = signed_keys();
  const auto outcome = attempt([&] { return keys.find("hub", "line1"); });
  ASSERT_TRUE(std::holds_alternative<Error>(outcome));
  EXPECT_THAT(std::get<Error>(outcome).what(), HasSubstr("smart-lamp for line1, gateway for line1"));
}

}  // namespace
}  // namespace lamp::quorum
