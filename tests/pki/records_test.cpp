#include "lib/pki/records.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using test::kNow;
using testing::ElementsAre;

const Subject kServer{{"name", "lamp.example"}, {"site", "test"}};

class RegisterTest : public testing::Test {
 protected:
  std::vector<std::string> serials(const Filter& filter) {
    return ca_.database().read([&](store::Transaction& t) {
      std::vector<std::string> found;
      for_each(t, filter, Detail::summary, [&](const Record& record) {
        found.push_back(record.serial);
        return true;
      });
      return found;
    });
  }
  test::SmallCa ca_{"server-ca"};
  Profile server_ = test::delivered_profile("tls-server");
  std::unique_ptr<Botan::Private_Key> key_ = test::make_key();
};

TEST_F(RegisterTest, BeginsSerialNumbersWithTheTimeSoThatItGrowsAtItsEnd) {
  const auto first = ca_.issue(server_, kServer, *key_);
  const auto other = test::make_key();
  const auto second =
      ca_.issue(server_, {{"name", "b.example"}, {"site", "test"}}, *other, kNow + std::chrono::hours{1});
  EXPECT_LT(first.serial, second.serial);
  EXPECT_EQ(first.serial.size(), 32U);
  EXPECT_THAT(serials({.profile = "tls-server"}), ElementsAre(first.serial, second.serial));
}

TEST_F(RegisterTest, GivesKeyAndIdentityOfAnExpiredCertificateToTheNext) {
  const auto first = ca_.issue(server_, kServer, *key_);
  const auto later = first.not_after + std::chrono::days{1};
  const auto second = ca_.issue(server_, kServer, *key_, later);
  EXPECT_NE(first.serial, second.serial);
  EXPECT_THAT(serials({.identity = "lamp.example"}), ElementsAre(first.serial, second.serial));
  EXPECT_EQ(ca_.issue(server_, kServer, *key_, later).certificate, second.certificate);
}

TEST_F(RegisterTest, KeepsEveryCertificateThatHadAKeyOrName) {
  std::vector<std::string> all;
  auto at = kNow;
  for (int i = 0; i < 4; ++i) {
    const auto issued = ca_.issue(server_, kServer, *key_, at);
    all.push_back(issued.serial);
    at = issued.not_after + std::chrono::days{1};
  }
  EXPECT_EQ(serials({.identity = "lamp.example"}), all);
  const auto holder = ca_.database().read([&](store::Transaction& t) {
    return holder_of_key(t, "issuing", find(t, "issuing", all.front()).value().key).value().serial;
  });
  EXPECT_EQ(holder, all.back());
}

TEST_F(RegisterTest, FindsByExpiryAndByTextOfTheSubject) {
  const auto issued = ca_.issue(server_, kServer, *key_);
  EXPECT_THAT(serials({.authority = "issuing", .expires_before = issued.not_after + std::chrono::seconds{1}}),
              ElementsAre(issued.serial));
  EXPECT_TRUE(serials({.authority = "issuing", .expires_before = issued.not_after}).empty());
  EXPECT_THAT(serials({.authority = "issuing", .subject = "mp.exam"}), ElementsAre(issued.serial));
  EXPECT_TRUE(serials({.authority = "issuing", .subject = "mp_exam"}).empty());
}

TEST_F(RegisterTest, StopsWhenNoMoreIsWanted) {
  int seen = 0;
  ca_.database().read([&](store::Transaction& t) {
    for_each(t, {}, Detail::whole, [&](const Record&) { return ++seen < 2; });
    return 0;
  });
  EXPECT_EQ(seen, 2);
}

TEST_F(RegisterTest, GivesBackTheCertificateThatItWasGiven) {
  const auto issued = ca_.issue(server_, kServer, *key_);
  const auto record = ca_.database().read([&](store::Transaction& t) { return find(t, "issuing", issued.serial); });
  ASSERT_TRUE(record);
  EXPECT_EQ(record->certificate, issued.certificate);
  EXPECT_EQ(record->state, State::issued);
}

TEST_F(RegisterTest, AddsNoSecondHolderOfAKey) {
  const auto issued = ca_.issue(server_, kServer, *key_);
  const bool added = ca_.database().write([&](store::Transaction& t) {
    auto record = find(t, "issuing", issued.serial).value();
    record.serial = "41";
    record.identity = "other";
    return try_add(t, record);
  });
  EXPECT_FALSE(added);
}

}  // namespace
}  // namespace lamp::pki
