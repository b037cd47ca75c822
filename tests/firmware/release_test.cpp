#include "lib/firmware/release.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/firmware/content_key.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::firmware {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kToken = "0123456789abcdef";
const Instant kNow = from_unix_seconds(1'795'000'000);
const Bytes kNonce(kRequestNonceLength, 7);

Wanted wanted(const std::string& version, std::uint64_t epoch, std::uint8_t image = 1) {
  return {{"smart-lamp", version}, epoch, Bytes(32, image), 1000, 0};
}

class Releases : public testing::Test {
 protected:
  Releases() {
    database_.migrate(release_schema());
    for (const char* id : {"a", "b", "c"}) stock_up(id, "smart-lamp", kToken);
  }
  void stock_up(const std::string& id, const std::string& model, const std::string& token) {
    database_.write([&](store::Transaction& t) { add_to_stock(t, {id, model, Bytes(40, 1), {2}}, token); });
  }
  Release reserve(const Wanted& what) {
    return database_.write(
        [&](store::Transaction& t) { return reserve_release(t, policy_, what, kToken, kNonce, kNow); });
  }
  void seal(const Wanted& what, std::uint8_t digest = 9) {
    database_.write([&](store::Transaction& t) { record_seal(t, what.name, Bytes(32, digest), kNow); });
  }
  std::vector<std::string> objections(const Wanted& what) {
    return database_.read([&](store::Transaction& t) { return check_request(t, policy_, what); }).objections;
  }
  std::uint64_t stock_of(const std::string& model) {
    return database_.read([&](store::Transaction& t) { return stock(t, model, kToken, 32); });
  }

  test::TemporaryDirectory folder_;
  store::Database database_{folder_ / "state.db"};
  ReleasePolicy policy_;
};

TEST_F(Releases, GetRisingSequenceNumbersAboveTheFactorys) {
  EXPECT_EQ(reserve(wanted("1.1.0", 1)).sequence, 2U);
  EXPECT_EQ(reserve(wanted("1.2.0", 1)).sequence, 3U);
}

TEST_F(Releases, AskedForAgainGetTheSameAndTakeNoSecondKey) {
  const auto first = reserve(wanted("1.1.0", 2));
  const auto again = reserve(wanted("1.1.0", 2));
  EXPECT_EQ(again.sequence, first.sequence);
  EXPECT_EQ(again.content_key, first.content_key);
  EXPECT_EQ(stock_of("smart-lamp"), 2U);
}

TEST_F(Releases, NeverUseAVersionForOtherBytes) {
  (void)reserve(wanted("1.1.0", 2));
  EXPECT_THAT(objections(wanted("1.1.0", 2, 7)), ElementsAre(HasSubstr("image SHA-256")));
  EXPECT_THAT(objections(wanted("1.1.0", 1)), ElementsAre(HasSubstr("epoch 2")));
  EXPECT_THROW((void)reserve(wanted("1.1.0", 2, 7)), Error);
}

TEST_F(Releases, RaiseTheEpochByOneStepAtMost) {
  EXPECT_THAT(objections(wanted("1.1.0", 1)), IsEmpty());
  EXPECT_THAT(objections(wanted("1.1.0", 2)), IsEmpty());
  EXPECT_THAT(objections(wanted("1.1.0", 3)), ElementsAre(HasSubstr("epoch 3 is more than 1 above")));
  EXPECT_THAT(objections(wanted("1.1.0", 0)), ElementsAre(HasSubstr("epoch 0 is below")));
}

TEST_F(Releases, RaiseItFurtherOnlyWithMoreApprovals) {
  auto far = wanted("1.1.0", 5);
  EXPECT_THAT(objections(far), ElementsAre(HasSubstr("--extra-approvals 1 (rule epoch-step")));
  far.extra_approvals = 1;
  EXPECT_THAT(objections(far), IsEmpty());
  policy_.epoch_jump_approvals = 0;
  EXPECT_THAT(objections(far), ElementsAre(HasSubstr("ask for epoch 2 at most")));
}

TEST_F(Releases, ThatExpiredAreAskedForAnewWithTheSameNumberAndKey) {
  const auto first = reserve(wanted("1.1.0", 1));
  database_.write([&](store::Transaction& t) {
    renew_request(t, first.wanted.name, Bytes(kRequestNonceLength, 8), kNow + std::chrono::days{40});
  });
  const auto again = reserve(wanted("1.1.0", 1));
  EXPECT_EQ(again.sequence, first.sequence);
  EXPECT_EQ(again.content_key, first.content_key);
  EXPECT_NE(again.nonce, first.nonce);
  EXPECT_EQ(again.requested, kNow + std::chrono::days{40});
}

TEST_F(Releases, ThatAreSealedAreNotAskedForAnew) {
  (void)reserve(wanted("1.1.0", 1));
  seal(wanted("1.1.0", 1));
  EXPECT_THROW(database_.write([&](store::Transaction& t) { renew_request(t, {"smart-lamp", "1.1.0"}, kNonce, kNow); }),
               Error);
}

TEST_F(Releases, AreApprovedHereForOneSetOfBytesOnly) {
  const Approved first{{"smart-lamp", "1.1.0"}, 2, 1, Bytes(32, 1)};
  database_.write([&](store::Transaction& t) { record_approval(t, first, kNow); });
  const auto judged = [&](const Approved& what) {
    return database_.read([&](store::Transaction& t) { return check_approved(t, policy_, what); }).objections;
  };
  EXPECT_THAT(judged(first), IsEmpty());
  EXPECT_THAT(judged({first.name, 2, 1, Bytes(32, 2)}), ElementsAre(HasSubstr("rule version")));
  EXPECT_THAT(judged({first.name, 3, 1, Bytes(32, 1)}), ElementsAre(HasSubstr("sequence number 2")));
  EXPECT_THAT(judged({{"smart-lamp", "1.2.0"}, 2, 1, Bytes(32, 1)}), ElementsAre(HasSubstr("version 1.1.0")));
  EXPECT_THAT(judged({{"gateway", "1.1.0"}, 2, 1, Bytes(32, 2)}), IsEmpty());
}

TEST_F(Releases, CountTheEpochOfSealedOnesOnly) {
  (void)reserve(wanted("1.1.0", 2));
  EXPECT_THAT(objections(wanted("1.2.0", 1)), IsEmpty());
  seal(wanted("1.1.0", 2));
  EXPECT_THAT(objections(wanted("1.2.0", 1)), ElementsAre(HasSubstr("below the model's epoch 2")));
  EXPECT_THAT(objections(wanted("1.2.0", 3)), IsEmpty());
}

TEST_F(Releases, AreNotSealedBelowOneThatWasSealedMeanwhile) {
  const auto early = reserve(wanted("1.1.0", 1));
  (void)reserve(wanted("1.2.0", 2));
  seal(wanted("1.2.0", 2));
  const auto so_far = database_.read([&](store::Transaction& t) { return history(t, "smart-lamp"); });
  const auto verdict = check_order(policy_, so_far, early.sequence, early.wanted.epoch);
  EXPECT_THAT(verdict.objections, ElementsAre(HasSubstr("sequence number 2 is not above 3"), HasSubstr("epoch 1")));
}

TEST_F(Releases, AreSealedOnceWithTheSameBytes) {
  (void)reserve(wanted("1.1.0", 1));
  seal(wanted("1.1.0", 1), 9);
  EXPECT_NO_THROW(seal(wanted("1.1.0", 1), 9));
  EXPECT_THROW(seal(wanted("1.1.0", 1), 8), Error);
  EXPECT_THROW(seal(wanted("9.9.9", 1)), Error);
}

TEST_F(Releases, ForgetTheirContentKeyWhenSealed) {
  const auto release = reserve(wanted("1.1.0", 1));
  seal(wanted("1.1.0", 1));
  EXPECT_THROW((void)database_.read([&](store::Transaction& t) { return content_key(t, release.content_key); }), Error);
}

TEST_F(Releases, TakeOnlyKeysOfTheirModelAndToken) {
  stock_up("d", "gateway", kToken);
  stock_up("e", "hub", "another-token");
  EXPECT_EQ(database_.write([&](store::Transaction& t) { return take_from_stock(t, "gateway", kToken, "x", 32); }).id,
            "d");
  EXPECT_THROW((void)database_.write([&](store::Transaction& t) { return take_from_stock(t, "hub", kToken, "x", 32); }),
               Error);
}

TEST_F(Releases, AreNotRequestedWithAContentKeyOfAnotherSize) {
  auto short_key = wanted("1.1.0", 1);
  short_key.content_key_size = 16;
  const auto objections_to = [&](const Wanted& what) {
    return database_.read([&](store::Transaction& t) { return check_content_key(t, what, kToken); }).objections;
  };
  EXPECT_THAT(objections_to(wanted("1.1.0", 1)), IsEmpty());
  EXPECT_THAT(objections_to(short_key), ElementsAre(HasSubstr("have 256 bits, and its profile asks for 128 bits")));
  EXPECT_THROW((void)reserve(short_key), Error);
  (void)reserve(wanted("1.1.0", 1));
  EXPECT_THAT(objections_to(short_key), ElementsAre(HasSubstr("with a content key of 256 bits")));
}

TEST_F(Releases, OfAnApplicationHaveVersionsAndNumbersOfTheirOwn) {
  (void)reserve(wanted("1.1.0", 1));
  const auto newer = reserve(wanted("1.2.0", 1));
  auto application = wanted("1.1.0", 1);
  application.name.application = "acme.dimmer";
  const auto first = reserve(application);
  EXPECT_LT(first.sequence, newer.sequence);
  const auto found = database_.read([&](store::Transaction& t) { return find_release(t, application.name); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->wanted.name.text(), "smart-lamp/acme.dimmer/1.1.0");
  EXPECT_EQ(found->sequence, first.sequence);
  const auto of = [&](const std::string& line) {
    return database_.read([&](store::Transaction& t) { return history(t, line); }).requested_sequence;
  };
  EXPECT_EQ(of("smart-lamp"), newer.sequence);
  EXPECT_EQ(of("smart-lamp/acme.dimmer"), first.sequence);
  EXPECT_EQ(of("smart-lamp/acme.clock"), 0U);
}

TEST_F(Releases, WaitWhenNoContentKeyIsLeft) {
  for (const char* version : {"1.1.0", "1.2.0", "1.3.0"}) (void)reserve(wanted(version, 1));
  EXPECT_THROW((void)reserve(wanted("1.4.0", 1)), Error);
  EXPECT_EQ(stock_of("smart-lamp"), 0U);
}

TEST(ReleaseNames, AreModelAndVersion) {
  EXPECT_EQ(ReleaseName::parse("smart-lamp/1.10.0").text(), "smart-lamp/1.10.0");
  const auto application = ReleaseName::parse("smart-lamp/acme.dimmer/1.10.0");
  EXPECT_EQ(application.text(), "smart-lamp/acme.dimmer/1.10.0");
  EXPECT_EQ(application.model, "smart-lamp");
  EXPECT_EQ(application.application, "acme.dimmer");
  EXPECT_EQ(application.line(), "smart-lamp/acme.dimmer");
  for (const char* bad : {"", "smart-lamp", "smart-lamp/", "/1.1.0", "../x/1.1.0", "../1.1.0", "a/1.1", "a/1.1.0/b"})
    EXPECT_THROW((void)ReleaseName::parse(bad), Error) << bad;
}

TEST(ReleasePolicies, AreTheDeliveredOne) {
  const auto policy = ReleasePolicy::load(LAMP_SOURCE_DIR "/templates/policy/release.yaml");
  EXPECT_EQ(policy.epoch_step, 1U);
  EXPECT_EQ(policy.epoch_jump_approvals, 1U);
  EXPECT_EQ(policy.approval_lifetime, std::chrono::days{7});
  EXPECT_EQ(policy.request_lifetime, std::chrono::days{30});
}

TEST(ReleasePolicies, WithAnUnknownRuleAreRefused) {
  const test::TemporaryDirectory folder;
  publish(folder / "release.yaml", std::string_view{"factory-sequence: 1\nfactory-epoch: 1\nepoch-steps: 9\n"});
  EXPECT_THROW((void)ReleasePolicy::load(folder / "release.yaml"), Error);
}

}  // namespace
}  // namespace lamp::firmware
