#include "lib/pki/revocation.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using std::chrono::hours;
using test::kNow;
using testing::ElementsAre;
using testing::HasSubstr;

class RevocationTest : public testing::Test {
 protected:
  Subject lamp(int number) {
    return {{"serial", "SL-26-" + std::to_string(100000 + number)},
            {"model", "smart-lamp"},
            {"mac", MacAddress::from_number(0x00005e005300 + static_cast<std::uint64_t>(number)).text()}};
  }
  std::string issue_lamp(int number) {
    return ca_.issue(test::delivered_profile("idevid"), lamp(number), *test::make_key()).serial;
  }
  Record record(const std::string& serial) {
    return *ca_.database().read([&](store::Transaction& t) { return find(t, "issuing", serial); });
  }
  bool revoke_it(const std::string& serial, const std::string& reason, Instant now = kNow) {
    return ca_.database().write([&](store::Transaction& t) { return revoke(t, record_in(t, serial), reason, now); });
  }
  bool release_it(const std::string& serial) {
    return ca_.database().write([&](store::Transaction& t) { return release(t, record_in(t, serial)); });
  }
  CertificateStatus status(const std::string& serial) {
    return ca_.database().read([&](store::Transaction& t) { return status_of(t, "issuing", serial); });
  }
  std::vector<std::string> selected(const Selection& selection) {
    return ca_.database().read([&](store::Transaction& t) {
      std::vector<std::string> identities;
      for_each(t, selection, [&](const Selected& one) { identities.push_back(one.identity); });
      return identities;
    });
  }
  static Record record_in(store::Transaction& t, const std::string& serial) { return *find(t, "issuing", serial); }
  test::SmallCa ca_;
};

TEST_F(RevocationTest, HoldsAndReleases) {
  const auto serial = issue_lamp(1);
  EXPECT_TRUE(revoke_it(serial, "certificateHold"));
  EXPECT_EQ(status(serial), (CertificateStatus{CertificateStatus::Kind::revoked, kNow, 6}));
  EXPECT_FALSE(revoke_it(serial, "certificateHold", kNow + hours{1}));
  EXPECT_TRUE(release_it(serial));
  EXPECT_EQ(status(serial).kind, CertificateStatus::Kind::good);
  EXPECT_EQ(record(serial).state, State::issued);
  EXPECT_EQ(record(serial).revoked_at, std::nullopt);
  EXPECT_FALSE(release_it(serial));
}

TEST_F(RevocationTest, MakesAHoldFinalAsOfItsDay) {
  const auto serial = issue_lamp(1);
  EXPECT_TRUE(revoke_it(serial, "certificateHold"));
  EXPECT_TRUE(revoke_it(serial, "keyCompromise", kNow + hours{1}));
  EXPECT_EQ(status(serial), (CertificateStatus{CertificateStatus::Kind::revoked, kNow, 1}));
  EXPECT_EQ(record(serial).reason, "keyCompromise");
  const auto error = test::error_of([&] { return release_it(serial); });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("revoked for good (keyCompromise)"));
}

TEST_F(RevocationTest, KeepsTheNameOfWhatIsOnHold) {
  const auto serial = issue_lamp(1);
  EXPECT_TRUE(revoke_it(serial, "certificateHold"));
  EXPECT_EQ(test::error_of([&] { return issue_lamp(1); }).code(), Errc::denied);
  EXPECT_TRUE(revoke_it(serial, "superseded"));
  EXPECT_NE(issue_lamp(1), serial);
}

TEST_F(RevocationTest, HoldsNoReservation) {
  const auto reserved = ca_.reserve(test::delivered_profile("idevid"), lamp(1), *test::make_key());
  EXPECT_EQ(test::error_of([&] { return revoke_it(reserved.serial, "certificateHold"); }).code(), Errc::denied);
}

TEST_F(RevocationTest, SelectsARangeOfHardwareAddresses) {
  for (int i = 1; i <= 4; ++i) (void)issue_lamp(i);
  Selection selection;
  selection.addresses = {MacAddress::parse("00:00:5e:00:53:02"), MacAddress::parse("00:00:5e:00:53:03")};
  EXPECT_THAT(selected(selection), ElementsAre("SL-26-100002", "SL-26-100003"));
  selection.authority = "root";
  EXPECT_THAT(selected(selection), ElementsAre());
}

TEST_F(RevocationTest, SelectsARangeOfSerialNumbersOfTheirLength) {
  for (int i = 1; i <= 4; ++i) (void)issue_lamp(i);
  (void)ca_.issue(test::delivered_profile("idevid"), {{"serial", "SL-26-1000025"}, {"model", "smart-lamp"}},
                  *test::make_key());
  Selection selection;
  selection.identities = {"SL-26-100002", "SL-26-100003"};
  EXPECT_THAT(selected(selection), ElementsAre("SL-26-100002", "SL-26-100003"));
}

TEST_F(RevocationTest, SelectsAnOrderWhateverTheStates) {
  const auto key = test::make_key();
  const auto reserved = ca_.database().write([&](store::Transaction& t) {
    return ca_.issuing().reserve(t, test::delivered_profile("idevid"), lamp(7), *key, kNow, test::rng(), "order-1");
  });
  (void)issue_lamp(8);
  Selection selection;
  selection.order = "order-1";
  EXPECT_THAT(selected(selection), ElementsAre("SL-26-100007"));
  EXPECT_TRUE(revoke_it(reserved.serial, "superseded"));
  EXPECT_THAT(selected(selection), ElementsAre("SL-26-100007"));
}

TEST_F(RevocationTest, NeverSelectsEverything) {
  EXPECT_EQ(test::error_of([&] { return selected({}); }).code(), Errc::internal);
}

}  // namespace
}  // namespace lamp::pki
