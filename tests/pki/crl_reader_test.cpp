#include "lib/pki/crl_reader.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_ca.h>
#include <botan/x509_crl.h>
#include <botan/x509cert.h>
#include <gmock/gmock.h>

#include <random>

#include "lib/pki/revocation.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using std::chrono::days;
using std::chrono::hours;
using test::kNow;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CrlReaderTest : public testing::Test {
 protected:
  std::string revoked_lamp(const std::string& serial, const std::string& reason) {
    const auto issued =
        ca_.issue(test::delivered_profile("idevid"), {{"serial", serial}, {"model", "smart-lamp"}}, *test::make_key());
    ca_.database().write(
        [&](store::Transaction& t) { ASSERT_TRUE(revoke(t, *find(t, "issuing", issued.serial), reason, kNow)); });
    return issued.serial;
  }
  Bytes make(Instant now = kNow) {
    return make_list(ca_.database(), ca_.issuing(), 8, now, test::rng(),
                     [](store::Transaction&, const RevocationList&) {})
        .der;
  }
  ListState state(Instant since) {
    return ca_.database().read([&](store::Transaction& t) { return list_state(t, "issuing", kWholeList, since); });
  }
  test::SmallCa ca_;
};

// Times have whole seconds: what was revoked in the second of a list, and after it was made, is not on it.
TEST_F(CrlReaderTest, MissesARevocationOfItsOwnSecond) {
  (void)revoked_lamp("SL-26-000001", "unspecified");
  (void)make();
  EXPECT_EQ(state(kNow).unlisted, 0U);
  (void)revoked_lamp("SL-26-000002", "unspecified");
  EXPECT_EQ(state(kNow).unlisted, 1U);
  const auto next = ListFacts::parse(make(kNow + std::chrono::seconds{1}));
  EXPECT_EQ(next.entries, 2U);
  EXPECT_EQ(state(next.this_update).unlisted, 0U);
}

TEST_F(CrlReaderTest, ReadsWhatWeWrite) {
  const auto a = revoked_lamp("SL-26-000001", "keyCompromise"), b = revoked_lamp("SL-26-000002", "unspecified");
  const auto der = make();
  std::vector<std::string> serials;
  const auto list = ListFacts::parse(der, [&](ByteView serial) { serials.push_back(hex(serial)); });
  EXPECT_THAT(serials, testing::UnorderedElementsAre(a, b));
  EXPECT_EQ(list.entries, 2U);
  EXPECT_EQ(list.number, 1U);
  EXPECT_EQ(list.this_update, kNow);
  EXPECT_EQ(list.next_update, kNow + days{8});
  EXPECT_NO_THROW(require_signed(list, ca_.issuing().chain().front()));
  EXPECT_EQ(test::error_of([&] {
              require_signed(list, ca_.root().chain().front());
              return 0;
            }).code(),
            Errc::denied);
}

TEST_F(CrlReaderTest, ReadsWhatBotanWrites) {
  const auto key = test::make_key();
  const Botan::X509_Certificate own{ca_.issuing().chain().front()};
  const Botan::X509_CA authority{own, *key, "SHA-256", test::rng()};
  const auto empty = authority.new_crl(test::rng(), kNow, hours{24 * 36500});
  EXPECT_EQ(ListFacts::parse(empty.BER_encode()).entries, 0U);
  const auto one = authority.update_crl(empty, {Botan::CRL_Entry{own, Botan::CRL_Code::KeyCompromise}}, test::rng(),
                                        kNow, hours{24 * 36500});
  EXPECT_EQ(ListFacts::parse(one.BER_encode()).entries, 1U);
}

TEST_F(CrlReaderTest, SaysNothingOfAListThatIsWell) {
  const auto der = make();
  EXPECT_THAT(complaints(ListFacts::parse(der), state(kNow), 8, kNow + days{6}), IsEmpty());
}

TEST_F(CrlReaderTest, ComplainsOfAge) {
  const auto der = make();
  const auto list = ListFacts::parse(der);
  const auto said = [&](std::uint64_t limit, Instant now) { return complaints(list, state(kNow), limit, now); };
  EXPECT_THAT(said(8, kNow + days{6} + hours{1}), ElementsAre("list 1 ends soon, at 2026-11-30T13:00:00Z"));
  EXPECT_THAT(said(8, kNow + days{8}), ElementsAre(HasSubstr("list 1 ended at 2026-11-30T13:00:00Z")));
  EXPECT_THAT(said(2, kNow + days{3}), ElementsAre(HasSubstr("older than the 2 days")));
  EXPECT_THAT(said(8, kNow - hours{1}), ElementsAre(HasSubstr("of the future")));
}

TEST_F(CrlReaderTest, ComplainsOfAListBehindTheRegister) {
  const auto first = make();
  (void)make(kNow + hours{1});
  ca_.database().write([&](store::Transaction& t) {
    t.execute(
        "INSERT INTO revocation (authority, serial, revoked_at, reason, not_after, shard) VALUES (?, ?, ?, 0, ?, -1)",
        {std::string{"issuing"}, std::string{"4711"}, unix_seconds(kNow + hours{2}), unix_seconds(kNoEnd)});
  });
  EXPECT_THAT(complaints(ListFacts::parse(first), state(kNow), 8, kNow + hours{3}),
              ElementsAre("list 1 is published, and list 2 was made", "1 revocation is not on list 1"));
}

TEST_F(CrlReaderTest, ReadsOrRefusesEveryMutation) {
  (void)revoked_lamp("SL-26-000001", "keyCompromise");
  const auto der = make();
  std::mt19937 dice{20261122};
  std::size_t refused = 0;
  const auto judge = [&](const Bytes& changed) {
    const auto result = attempt([&] {
      const auto list = ListFacts::parse(changed);
      require_signed(list, ca_.issuing().chain().front());
      return list.entries;
    });
    // The signature covers all but itself: only an unchanged list is accepted.
    if (std::holds_alternative<Error>(result))
      ++refused;
    else
      EXPECT_EQ(changed, der);
  };
  for (std::size_t at = 0; at < der.size(); ++at) {
    auto changed = der;
    changed[at] = static_cast<std::uint8_t>(changed[at] ^ (1 + dice() % 255));
    judge(changed);
    judge({der.begin(), der.begin() + static_cast<std::ptrdiff_t>(at)});
  }
  EXPECT_EQ(refused, 2 * der.size());
}

TEST_F(CrlReaderTest, SurvivesRandomBytesBetweenGoodOnes) {
  (void)revoked_lamp("SL-26-000001", "keyCompromise");
  const auto der = make();
  std::mt19937 dice{20261123};
  for (int round = 0; round < 20000; ++round) {
    auto changed = der;
    for (auto n = dice() % 6 + 1; n > 0; --n) {
      const auto at = static_cast<std::ptrdiff_t>(dice() % changed.size());
      if (dice() % 2 == 0)
        changed.insert(changed.begin() + at, static_cast<std::uint8_t>(dice()));
      else
        changed.erase(changed.begin() + at);
    }
    const auto result = attempt([&] { return ListFacts::parse(changed).entries; });
    if (const auto* error = std::get_if<Error>(&result)) {
      EXPECT_EQ(error->code(), Errc::bad_input);
    }
  }
}

}  // namespace
}  // namespace lamp::pki
