// Who may have which certificate by enrolment: the table of lamp-ca(1), held against the desk that decides.
#include "lib/pki/enrolment.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "lib/audit/record.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/names.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_enrolment.hpp"

namespace lamp::pki {
namespace {

using test::SmallEnrolment;
using testing::HasSubstr;

struct Ask {
  const char* name;
  const char* who;  ///< of SmallEnrolment::applicant
  Enrolment act;
  std::string subject;  ///< serialNumber of the request; "whole" for all that the certificate would say
  std::string refused;  ///< what the operator reads; empty when it is granted
  const char* label = "";
};
void PrintTo(const Ask& ask, std::ostream* out) { *out << ask.name; }

class WhoMayWhat : public testing::TestWithParam<Ask> {};

TEST_P(WhoMayWhat, IsDecidedByCertificateRegisterAndOrder) {
  SmallEnrolment site;
  const auto& ask = GetParam();
  const auto key = test::make_key();
  const auto who = site.applicant(ask.who);
  const auto request = site.request(*key, ask.subject);
  const auto answer = attempt([&] { return site.ask(ask.act, who, request, ask.label); });
  const auto* failed = std::get_if<Error>(&answer);
  if (ask.refused.empty()) {
    ASSERT_EQ(failed, nullptr) << failed->what();
    EXPECT_EQ(site.count_of_acts(), 1U);
    return;
  }
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->code(), Errc::denied);
  EXPECT_THAT(failed->what(), HasSubstr(ask.refused));
  EXPECT_EQ(site.count_of_acts(), 0U);
}

constexpr auto kEnrol = Enrolment::initial;
constexpr auto kRenew = Enrolment::renewal;

INSTANTIATE_TEST_SUITE_P(
    Devices, WhoMayWhat,
    testing::Values(Ask{"RegisteredInitialIdentityForItself", "idevid", kEnrol, "SL-26-000001", ""},
                    Ask{"ItNeedNotSayItsName", "idevid", kEnrol, "", ""},
                    Ask{"ItMaySayAll", "idevid", kEnrol, "whole", ""},
                    Ask{"UnderItsLabel", "idevid", kEnrol, "", "", "ldevid"},
                    Ask{"NotUnderTheStationsLabel", "idevid", kEnrol, "", "give no right", "idevid"},
                    Ask{"NotUnderALabelThatIsNone", "idevid", kEnrol, "", "give no right", "other"},
                    Ask{"NotForAnother", "idevid", kEnrol, "SL-26-000002", "subject is not what"},
                    Ask{"NotWithAnInventedName", "idevid", kEnrol, "operator", "subject is not what"},
                    Ask{"NotRevoked", "revoked idevid", kEnrol, "", "was revoked (keyCompromise)"},
                    Ask{"NotUnregistered", "unregistered idevid", kEnrol, "", "not in this host's register"},
                    Ask{"NotRenewingTheInitialIdentity", "idevid", kRenew, "whole", "give no right"},
                    Ask{"OperationalRenewsItself", "ldevid", kRenew, "whole", ""},
                    Ask{"RenewalSaysWhoItIs", "ldevid", kRenew, "", "subject is not that of the certificate"},
                    Ask{"RenewalOfAnother", "ldevid", kRenew, "SL-26-000002", "subject is not that of the certificate"},
                    Ask{"RevokedOperationalIsNotRenewed", "revoked ldevid", kRenew, "whole", "was revoked"},
                    Ask{"SupersededOperationalIsNotRenewed", "renewed ldevid", kRenew, "whole",
                        "only the newest counts"},
                    Ask{"OperationalIsNoInitialIdentity", "ldevid", kEnrol, "whole", "give no right"}),
    [](const auto& given) { return given.param.name; });

INSTANTIATE_TEST_SUITE_P(
    StationsAndOthers, WhoMayWhat,
    testing::Values(Ask{"StationForAnOrderedDevice", "station", kEnrol, "SL-26-000007", ""},
                    Ask{"StationForWhatWasNotOrdered", "station", kEnrol, "SL-26-000008", "no order"},
                    Ask{"StationForNoDevice", "station", kEnrol, "", "names no serial number"},
                    Ask{"StationForWhatItsLabelIsNot", "station", kEnrol, "SL-26-000007", "give no right", "ldevid"},
                    Ask{"StationOfAModelWithAnotherProfile", "station", kEnrol, "SL-26-000009", "is for profile other"},
                    Ask{"RevokedStation", "revoked station", kEnrol, "SL-26-000007", "was revoked"},
                    Ask{"StationsRenewNothing", "station", kRenew, "SL-26-000007", "give no right"},
                    Ask{"OperatorIsNoStation", "operator", kEnrol, "SL-26-000007", "it is no station"},
                    Ask{"Nobody", "nobody", kEnrol, "SL-26-000001", "no certificate that counts"},
                    Ask{"NobodyRenews", "nobody", kRenew, "SL-26-000001", "no certificate that counts"}),
    [](const auto& given) { return given.param.name; });

TEST(EnrolmentDesk, GivesTheSameBytesForTheSameRequest) {
  SmallEnrolment site;
  const auto key = test::make_key();
  const auto request = site.request(*key, "");
  const auto who = site.applicant("idevid");
  const auto first = site.ask(kEnrol, who, request);
  site.now += std::chrono::hours{1};
  const auto second = site.ask(kEnrol, who, request);
  EXPECT_EQ(first.certificate, second.certificate);
  EXPECT_EQ(second.outcome, Issued::Outcome::existed);
  EXPECT_EQ(site.count_of_acts(), 1U);
}

TEST(EnrolmentDesk, NamesADeviceByItsRegisterEntry) {
  SmallEnrolment site;
  const auto issued = site.ask(kEnrol, site.applicant("idevid"), site.request(*test::make_key(), ""));
  const auto tbs = Certificate::parse(issued.certificate).tbs;
  EXPECT_EQ(tbs.subject_attributes.back().oid, oid::kSerialNumber);
  EXPECT_EQ(tbs.subject_attributes.back().text, "SL-26-000001");
}

TEST(EnrolmentDesk, TakesAnOrdersDeviceOnce) {
  SmallEnrolment site;
  const auto key = test::make_key();
  const auto station = site.applicant("station");
  const auto request = site.request(*key, "SL-26-000007");
  const auto first = site.ask(kEnrol, station, request);
  EXPECT_EQ(site.ask(kEnrol, station, request).certificate, first.certificate);
  const auto other =
      test::error_of([&] { return site.ask(kEnrol, station, site.request(*test::make_key(), "SL-26-000007")); });
  EXPECT_THAT(other.what(), HasSubstr("for another key"));
}

TEST(EnrolmentDesk, LetsADeviceThatLostItsKeyComeBackAndRevokesWhatItHad) {
  SmallEnrolment site;
  const auto who = site.applicant("idevid");
  const auto lost = site.ask(kEnrol, who, site.request(*test::make_key(), ""));
  const auto fresh = site.ask(kEnrol, who, site.request(*test::make_key(), ""));
  EXPECT_NE(lost.certificate, fresh.certificate);
  EXPECT_EQ(site.state_of(lost), State::revoked);
  EXPECT_EQ(site.state_of(fresh), State::issued);
}

TEST(EnrolmentDesk, TakesADeviceBackWhoseCertificateEndedThroughItsInitialIdentity) {
  SmallEnrolment site;
  const auto key = test::make_key();
  const auto who = site.applicant("idevid");
  const auto old = site.ask(kEnrol, who, site.request(*key, ""));
  site.now += std::chrono::days{8};
  const auto error = test::error_of([&] { return site.ask(kRenew, site.as_device(old), site.request(*key, "whole")); });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("its certificate ended"));
  const auto fresh = site.ask(kEnrol, who, site.request(*key, ""));
  EXPECT_NE(fresh.certificate, old.certificate);
  EXPECT_EQ(fresh.outcome, Issued::Outcome::fresh);
  EXPECT_EQ(site.ask(kRenew, site.as_device(fresh), site.request(*key, "whole")).certificate, fresh.certificate);
}

TEST(EnrolmentDesk, LeavesTheRenewedCertificateInForceUntilItEnds) {
  SmallEnrolment site;
  const auto old = site.ask(kEnrol, site.applicant("idevid"), site.request(*test::make_key(), ""));
  const auto request = site.request(*test::make_key(), "whole");
  const auto fresh = site.ask(kRenew, site.as_device(old), request);
  EXPECT_EQ(site.state_of(old), State::issued);
  // The answer was lost: the device asks again, with the certificate that it still has.
  EXPECT_EQ(site.ask(kRenew, site.as_device(old), request).certificate, fresh.certificate);
}

TEST(EnrolmentDesk, RenewsForTheSameKeyInTheSecondHalfOfLife) {
  SmallEnrolment site;
  const auto key = test::make_key();
  const auto old = site.ask(kEnrol, site.applicant("idevid"), site.request(*key, ""));
  const auto request = site.request(*key, "whole");
  site.now += std::chrono::days{3};
  EXPECT_EQ(site.ask(kRenew, site.as_device(old), request).certificate, old.certificate);
  site.now += std::chrono::days{1};
  const auto fresh = site.ask(kRenew, site.as_device(old), request);
  EXPECT_NE(fresh.certificate, old.certificate);
  EXPECT_EQ(site.ask(kRenew, site.as_device(fresh), request).certificate, fresh.certificate);
}

TEST(EnrolmentDesk, GoesOnAfterARequestThatWasNeverFinished) {
  SmallEnrolment site;
  const auto old = site.ask(kEnrol, site.applicant("idevid"), site.request(*test::make_key(), ""));
  site.leave_unfinished(*test::make_key());
  const auto fresh = site.ask(kRenew, site.as_device(old), site.request(*test::make_key(), "whole"));
  EXPECT_EQ(site.state_of(fresh), State::issued);
}

TEST(EnrolmentDesk, RefusesARequestWithoutProofOfItsKey) {
  SmallEnrolment site;
  auto request = site.request(*test::make_key(), "");
  request[request.size() - 3] ^= 1;
  const auto error = test::error_of([&] { return site.ask(kEnrol, site.applicant("idevid"), request); });
  EXPECT_EQ(error.code(), Errc::denied);
}

TEST(EnrolmentDesk, TellsAStrangerNothingAboutItsRequest) {
  SmallEnrolment site;
  const auto error = test::error_of([&] { return site.ask(kEnrol, site.applicant("nobody"), Bytes{0x30, 0x00}); });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_EQ(test::error_of([&] { return site.ask(kEnrol, site.applicant("idevid"), Bytes{0x30, 0x00}); }).code(),
            Errc::bad_input);
}

TEST(EnrolmentDesk, RefusesAKeyOfAnotherKind) {
  SmallEnrolment site;
  const auto error = test::error_of([&] {
    return site.ask(kEnrol, site.applicant("idevid"), site.request(*test::make_key("secp384r1"), "", "SHA-384"));
  });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("P-256"));
}

}  // namespace
}  // namespace lamp::pki
