#include "lib/pki/authority.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "lib/pki/certificate.hpp"
#include "lib/pki/records.hpp"
#include "lib/pki/revocation.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using test::kNow;
using testing::HasSubstr;

const Subject kLamp{{"serial", "SL-26-000001"}, {"model", "smart-lamp"}};
const Subject kOtherLamp{{"serial", "SL-26-000002"}, {"model", "smart-lamp"}};

class AuthorityTest : public testing::Test {
 protected:
  std::vector<Record> all(const Filter& filter = {}) {
    return ca_.database().read([&](store::Transaction& t) { return list(t, filter); });
  }
  void withdraw(const std::string& serial) {
    ca_.database().write([&](store::Transaction& t) {
      const auto record = find(t, "issuing", serial);
      ASSERT_TRUE(record);
      ASSERT_TRUE(revoke(t, *record, "superseded", kNow));
    });
  }
  test::SmallCa ca_;
  Profile idevid_ = test::delivered_profile("idevid");
  std::unique_ptr<Botan::Private_Key> key_ = test::make_key();
};

TEST_F(AuthorityTest, ReservesBeforeItSigns) {
  const auto reserved = ca_.reserve(idevid_, kLamp, *key_);
  const auto records = all({.authority = "issuing"});
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].state, State::reserved);
  EXPECT_EQ(records[0].tbs, reserved.tbs);
  EXPECT_TRUE(records[0].certificate.empty());
}

TEST_F(AuthorityTest, ResumesAnUnfinishedReservationWithTheSameSerialAndBytes) {
  const auto before = ca_.reserve(idevid_, kLamp, *key_);
  (void)ca_.issuing().sign(before, test::rng());  // the crash comes here: signed, never committed
  const auto after = ca_.reserve(idevid_, kLamp, *key_, kNow + std::chrono::hours{9});
  EXPECT_EQ(after.serial, before.serial);
  EXPECT_EQ(after.tbs, before.tbs);
  EXPECT_EQ(all({.authority = "issuing"}).size(), 1U);
}

TEST_F(AuthorityTest, GivesEveryCertificateAPositiveSerialOfSixteenOctets) {
  const auto serial = from_hex(ca_.reserve(idevid_, kLamp, *key_).serial);
  ASSERT_EQ(serial.size(), 16U);
  EXPECT_EQ(serial[0] & 0xC0, 0x40);
}

TEST_F(AuthorityTest, CommitsTheSameCertificateTwiceAndNoOther) {
  const auto reserved = ca_.reserve(idevid_, kLamp, *key_);
  const auto certificate = ca_.issuing().sign(reserved, test::rng());
  ca_.commit(reserved, certificate);
  EXPECT_NO_THROW(ca_.commit(reserved, certificate));
  const auto other = ca_.issuing().sign(reserved, test::rng());
  EXPECT_EQ(test::error_of([&] { return ca_.commit(reserved, other), 0; }).code(), Errc::denied);
  EXPECT_EQ(all({.authority = "issuing", .state = State::issued}).front().certificate, certificate);
}

TEST_F(AuthorityTest, CommitsOnlyWhatWasReserved) {
  const auto reserved = ca_.reserve(idevid_, kLamp, *key_);
  const auto other_key = test::make_key();
  const auto other = ca_.reserve(idevid_, kOtherLamp, *other_key);
  const auto certificate = ca_.issuing().sign(other, test::rng());
  EXPECT_THAT(test::error_of([&] { return ca_.commit(reserved, certificate), 0; }).what(),
              HasSubstr("not what was reserved"));
  const Reserved unknown{"00ff", reserved.tbs};
  EXPECT_EQ(test::error_of([&] { return ca_.commit(unknown, certificate), 0; }).code(), Errc::not_found);
}

TEST_F(AuthorityTest, RefusesAKeyThatAnotherIdentityHolds) {
  (void)ca_.issue(idevid_, kLamp, *key_);
  const auto error = test::error_of([&] { return ca_.reserve(idevid_, kOtherLamp, *key_); });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("identity was 'SL-26-000001', is 'SL-26-000002'"));
}

TEST_F(AuthorityTest, RefusesASecondKeyForAnIdentity) {
  (void)ca_.reserve(idevid_, kLamp, *key_);
  const auto second = test::make_key();
  const auto error = test::error_of([&] { return ca_.reserve(idevid_, kLamp, *second); });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("key was '"));
}

TEST_F(AuthorityTest, SaysThatTheSameRequestIsIssuedAlready) {
  (void)ca_.issue(idevid_, kLamp, *key_);
  EXPECT_EQ(test::error_of([&] { return ca_.reserve(idevid_, kLamp, *key_); }).code(), Errc::exists);
}

TEST_F(AuthorityTest, NeverCertifiesARevokedKeyAgain) {
  const auto issued = ca_.issue(idevid_, kLamp, *key_);
  withdraw(issued.serial);
  const auto error = test::error_of([&] { return ca_.reserve(idevid_, kLamp, *key_); });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("make a new key"));
}

TEST_F(AuthorityTest, FreesTheKeyOfAReservationThatWasWithdrawn) {
  const auto before = ca_.reserve(idevid_, kLamp, *key_);
  withdraw(before.serial);
  EXPECT_NE(ca_.reserve(idevid_, kLamp, *key_).serial, before.serial);
}

TEST_F(AuthorityTest, DoesNotIssueAWithdrawnReservation) {
  const auto reserved = ca_.reserve(idevid_, kLamp, *key_);
  const auto certificate = ca_.issuing().sign(reserved, test::rng());
  withdraw(reserved.serial);
  EXPECT_EQ(test::error_of([&] { return ca_.commit(reserved, certificate), 0; }).code(), Errc::denied);
}

TEST_F(AuthorityTest, RefusesTheKeyOfAnother) {
  const auto chain = ca_.issuing().chain();
  EXPECT_EQ(test::error_of([&] { return Authority{"issuing", chain, *key_}; }).code(), Errc::denied);
}

TEST_F(AuthorityTest, SignsNothingThatIsNotItsOwnReservation) {
  auto reserved = ca_.reserve(idevid_, kLamp, *key_);
  EXPECT_EQ(test::error_of([&] { return ca_.root().sign(reserved, test::rng()); }).code(), Errc::denied);
  reserved.serial = "41";
  EXPECT_EQ(test::error_of([&] { return ca_.issuing().sign(reserved, test::rng()); }).code(), Errc::denied);
}

TEST_F(AuthorityTest, WithPathLengthZeroMakesNoAuthority) {
  const auto error = test::error_of(
      [&] { return ca_.reserve(test::delivered_profile("device-ca"), {{"name", "below"}, {"site", "test"}}, *key_); });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("path length 0"));
}

TEST_F(AuthorityTest, WithoutACertificateSignsItselfOnly) {
  const auto own = test::make_key();
  const auto self = Authority::self_signed("new", *own);
  const auto error = test::error_of([&] {
    return ca_.database().write(
        [&](store::Transaction& t) { return self.reserve(t, idevid_, kLamp, *key_, kNow, test::rng()); });
  });
  EXPECT_EQ(error.code(), Errc::denied);
}

TEST_F(AuthorityTest, RefusesAKeyOfAnotherKindThanTheProfileNames) {
  const auto large = test::make_key("secp384r1");
  EXPECT_THAT(test::error_of([&] { return ca_.reserve(idevid_, kLamp, *large); }).what(), HasSubstr("[profile.key]"));
  EXPECT_TRUE(all({.authority = "issuing"}).empty());
}

TEST_F(AuthorityTest, RefusesAClockBeforeItsOwnBeginning) {
  const auto error = test::error_of([&] { return ca_.reserve(idevid_, kLamp, *key_, kNow - std::chrono::seconds{1}); });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("clock"));
}

class ClientAuthorityTest : public testing::Test {
 protected:
  test::SmallCa ca_{"client-ca"};
  std::unique_ptr<Botan::Private_Key> key_ = test::make_key();
  Instant end_ = ca_.issuing().facts()->not_after;
};

TEST_F(ClientAuthorityTest, RefusesAnIdentityThatWouldOutliveIt) {
  const auto error = test::error_of([&] { return ca_.reserve(test::delivered_profile("idevid"), kLamp, *key_); });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("beyond-issuer: refuse"));
}

TEST_F(ClientAuthorityTest, ClipsWhereTheProfileSaysSo) {
  const auto late = end_ - std::chrono::days{30};
  const auto issued = ca_.issue(test::delivered_profile("operator"), {{"name", "operator-1"}}, *key_, late);
  EXPECT_EQ(issued.not_after, end_);
  EXPECT_EQ(Certificate::parse(issued.certificate).tbs.not_after.instant(), end_);
}

TEST_F(ClientAuthorityTest, RefusesALongLeafWhereTheProfileDoesNotClip) {
  const auto profile = test::changed_profile("operator", "beyond-issuer: clip", "beyond-issuer: refuse");
  const auto late = end_ - std::chrono::days{30};
  EXPECT_EQ(test::error_of([&] { return ca_.reserve(profile, {{"name", "operator-1"}}, *key_, late); }).code(),
            Errc::denied);
}

TEST_F(ClientAuthorityTest, IssuesNothingAfterItsEnd) {
  const auto error = test::error_of([&] {
    return ca_.reserve(test::delivered_profile("operator"), {{"name", "operator-1"}}, *key_,
                       end_ + std::chrono::seconds{1});
  });
  EXPECT_THAT(error.what(), HasSubstr("ended at"));
}

}  // namespace
}  // namespace lamp::pki
