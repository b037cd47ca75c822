#include "lib/pki/shards.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "lib/pki/certificate.hpp"
#include "lib/pki/crl_reader.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/revocation.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using test::kNow;
using testing::ElementsAre;
using testing::HasSubstr;

Profile sharded(std::uint64_t shards, const std::string& host = "crl.example.org") {
  return test::changed_profile(
      "idevid", "crl-url: none",
      "crl-url:\n  template: http://" + host + "/device-{shard}.crl\n  shards: " + std::to_string(shards));
}

class ShardsTest : public testing::Test {
 protected:
  Issued issue_lamp(const Profile& profile, const std::string& serial) {
    return ca_.issue(profile, {{"serial", serial}, {"model", "smart-lamp"}}, *test::make_key());
  }
  std::vector<Shard> shards() {
    return ca_.database().read([](store::Transaction& t) { return shards_of(t, "issuing"); });
  }
  std::int64_t shard_of_issued(const Issued& issued) {
    return ca_.database().read(
        [&](store::Transaction& t) { return shard_in(t, "issuing", Certificate::parse(issued.certificate).tbs_der); });
  }
  void revoke_it(const Issued& issued) {
    ca_.database().write(
        [&](store::Transaction& t) { ASSERT_TRUE(revoke(t, *find(t, "issuing", issued.serial), "superseded", kNow)); });
  }
  RevocationList make(const Shard& scope = {}) {
    return make_list(
        ca_.database(), ca_.issuing(), 7, kNow, test::rng(), [](store::Transaction&, const RevocationList&) {}, scope);
  }
  test::SmallCa ca_;
};

TEST_F(ShardsTest, TheSerialNumberChoosesTheAddress) {
  const auto profile = sharded(4);
  EXPECT_EQ(crl_url_of(profile, from_hex("4000000000000006")), "http://crl.example.org/device-2.crl");
  EXPECT_EQ(crl_url_of(test::delivered_profile("idevid"), from_hex("40")), std::nullopt);
}

TEST_F(ShardsTest, TheCertificateNamesItsShard) {
  const auto profile = sharded(4);
  const auto issued = issue_lamp(profile, "SL-26-000001");
  const auto tbs = Certificate::parse(issued.certificate).tbs;
  const auto url = "http://crl.example.org/device-" + std::to_string(shard_of_issued(issued)) + ".crl";
  EXPECT_EQ(crl_url_of(profile, tbs.serial), url);
  EXPECT_THAT(to_text(tbs.find(oid::kCrlDistributionPoints)->value), HasSubstr(url));
  EXPECT_EQ(shards().size(), 4U);
}

TEST_F(ShardsTest, KeepItsShardWhenTheProfileChanges) {
  const auto issued = issue_lamp(sharded(4), "SL-26-000001");
  const auto before = shard_of_issued(issued);
  (void)issue_lamp(sharded(16, "lists.example.org"), "SL-26-000002");
  EXPECT_EQ(shard_of_issued(issued), before);
  ASSERT_EQ(shards().size(), 16U);
  EXPECT_THAT(shards()[1].urls,
              ElementsAre("http://crl.example.org/device-1.crl", "http://lists.example.org/device-1.crl"));
}

TEST_F(ShardsTest, EachRevokedOneIsOnItsShardAndOnTheWholeList) {
  const auto profile = sharded(2);
  std::vector<std::size_t> expected(2);
  for (int i = 0; i < 12; ++i) {
    const auto issued = issue_lamp(profile, "SL-26-" + std::to_string(100000 + i));
    revoke_it(issued);
    ++expected[static_cast<std::size_t>(shard_of_issued(issued))];
  }
  EXPECT_EQ(make().entries, 12U);
  for (const auto& shard : shards()) EXPECT_EQ(make(shard).entries, expected[static_cast<std::size_t>(shard.number)]);
}

TEST_F(ShardsTest, ListsOfShardsSayCriticallyThatTheyAreParts) {
  (void)issue_lamp(sharded(2), "SL-26-000001");
  const auto list = make(shards()[1]);
  const auto facts = ListFacts::parse(list.der);
  ASSERT_TRUE(facts.part_for);
  EXPECT_THAT(*facts.part_for, ElementsAre("http://crl.example.org/device-1.crl"));
  EXPECT_THAT(hex(list.der), HasSubstr("0603551d1c0101ff"));
  EXPECT_FALSE(ListFacts::parse(make().der).part_for);
}

TEST_F(ShardsTest, NumbersRiseInEachScope) {
  (void)issue_lamp(sharded(2), "SL-26-000001");
  EXPECT_EQ(make(shards()[0]).number, 1U);
  EXPECT_EQ(make(shards()[0]).number, 2U);
  EXPECT_EQ(make(shards()[1]).number, 1U);
  EXPECT_EQ(make().number, 1U);
}

struct Mistake {
  const char* name;
  std::string url, says;
};
void PrintTo(const Mistake& m, std::ostream* os) { *os << m.name; }

class ShardMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(ShardMistakes, AreRefusedWithTheirPlace) {
  const auto error =
      test::error_of([] { return test::changed_profile("idevid", "crl-url: none", "crl-url:" + GetParam().url); });
  EXPECT_EQ(error.code(), Errc::bad_input);
  EXPECT_THAT(error.what(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Profiles, ShardMistakes,
    testing::Values(Mistake{"NoPlaceholder", "\n  template: http://x/a.crl\n  shards: 4", "has {shard} in it"},
                    Mistake{"NoNumber", "\n  template: http://x/{shard}.crl", "shards"},
                    Mistake{"OneShard", "\n  template: http://x/{shard}.crl\n  shards: 1", "2"},
                    Mistake{"Twice", "\n  template: http://x/{shard}/{shard}.crl\n  shards: 4", "once"},
                    Mistake{"Other", "\n  template: http://x/{serial}/{shard}.crl\n  shards: 4", "only placeholder"},
                    Mistake{"Https", "\n  template: https://x/{shard}.crl\n  shards: 4", "http://"},
                    Mistake{"NumberMissing", " \"http://x/{shard}.crl\"", "template and shards"}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace lamp::pki
