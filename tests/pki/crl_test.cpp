#include "lib/pki/crl.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_crl.h>
#include <botan/x509cert.h>
#include <gmock/gmock.h>

#include "lib/pki/der.hpp"
#include "lib/pki/revocation.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using test::kNow;

class CrlTest : public testing::Test {
 protected:
  RevocationList make(Instant now = kNow) {
    return make_list(ca_.database(), ca_.issuing(), 7, now, test::rng(),
                     [](store::Transaction&, const RevocationList&) {});
  }
  std::string issue_lamp(const std::string& serial) {
    const auto key = test::make_key();
    return ca_.issue(test::delivered_profile("idevid"), {{"serial", serial}, {"model", "smart-lamp"}}, *key).serial;
  }
  bool revoke_serial(const std::string& serial, const std::string& reason, Instant now = kNow) {
    return ca_.database().write(
        [&](store::Transaction& t) { return revoke(t, *find(t, "issuing", serial), reason, now); });
  }
  test::SmallCa ca_;
};

TEST_F(CrlTest, IsEmptyAndSignedAtFirst) {
  const auto list = make();
  const Botan::X509_CRL crl{list.der};
  EXPECT_EQ(crl.crl_number(), 1U);
  EXPECT_TRUE(crl.get_revoked().empty());
  const Botan::X509_Certificate issuer{ca_.issuing().chain().front()};
  EXPECT_TRUE(crl.check_signature(*issuer.subject_public_key()));
  EXPECT_EQ(crl.authority_key_id(), issuer.subject_key_id());
}

TEST_F(CrlTest, LeavesTheListOfNobodyOut) {
  const auto der = make().der;
  der::Reader outer{der};
  auto tbs = outer.enter(der::kSequence, "CertificateList").enter(der::kSequence, "TBSCertList");
  for (const auto* part : {"version", "algorithm", "issuer", "thisUpdate", "nextUpdate"}) (void)tbs.next(part);
  EXPECT_EQ(tbs.peek(), der::constructed_context(0)) << "revokedCertificates must be absent when empty";
}

TEST_F(CrlTest, NamesWhatWasRevokedWithItsReason) {
  const auto lost = issue_lamp("SL-26-000001"), scrapped = issue_lamp("SL-26-000002");
  (void)issue_lamp("SL-26-000003");
  EXPECT_TRUE(revoke_serial(lost, "keyCompromise"));
  EXPECT_TRUE(revoke_serial(scrapped, "unspecified"));
  const Botan::X509_CRL crl{make().der};
  ASSERT_EQ(crl.get_revoked().size(), 2U);
  for (const auto& entry : crl.get_revoked()) {
    const bool is_lost = hex(entry.serial_number()) == lost;
    EXPECT_EQ(entry.reason_code(), is_lost ? Botan::CRL_Code::KeyCompromise : Botan::CRL_Code::Unspecified);
  }
}

TEST_F(CrlTest, NumbersRise) {
  EXPECT_EQ(make().number, 1U);
  EXPECT_EQ(make(kNow + std::chrono::hours{1}).number, 2U);
}

TEST_F(CrlTest, LeavesAGapForAListThatACrashCutShort) {
  const auto failing = [&] {
    return make_list(ca_.database(), ca_.issuing(), 7, kNow, test::rng(),
                     [](store::Transaction&, const RevocationList&) { throw Error{Errc::unavailable, "cut"}; });
  };
  (void)test::error_of(failing);
  EXPECT_EQ(make().number, 2U);
}

TEST_F(CrlTest, ListsAWithdrawnReservationToo) {
  const auto key = test::make_key();
  const auto reserved =
      ca_.reserve(test::delivered_profile("idevid"), {{"serial", "SL-26-000009"}, {"model", "smart-lamp"}}, *key);
  EXPECT_TRUE(revoke_serial(reserved.serial, "superseded"));
  EXPECT_EQ(make().entries, 1U);
}

TEST_F(CrlTest, KeepsTheFirstRevocation) {
  const auto lost = issue_lamp("SL-26-000001");
  EXPECT_TRUE(revoke_serial(lost, "keyCompromise"));
  EXPECT_FALSE(revoke_serial(lost, "superseded", kNow + std::chrono::hours{1}));
  const auto record = ca_.database().read([&](store::Transaction& t) { return find(t, "issuing", lost); });
  EXPECT_EQ(record->reason, "keyCompromise");
  EXPECT_EQ(record->revoked_at, kNow);
}

TEST_F(CrlTest, LeavesOutWhatWasReleased) {
  const auto lamp = issue_lamp("SL-26-000001");
  EXPECT_TRUE(revoke_serial(lamp, "certificateHold"));
  EXPECT_EQ(make().entries, 1U);
  EXPECT_TRUE(ca_.database().write([&](store::Transaction& t) { return release(t, *find(t, "issuing", lamp)); }));
  EXPECT_EQ(make().entries, 0U);
}

TEST_F(CrlTest, ListsWhatHasEndedOnceMoreAndThenNoLonger) {
  const auto revoke_ended = [&](const std::string& serial, Instant at, Instant end) {
    ca_.database().write([&](store::Transaction& t) {
      t.execute(
          "INSERT INTO revocation (authority, serial, revoked_at, reason, not_after, shard) VALUES (?, ?, ?, 0, ?, -1)",
          {std::string{"issuing"}, serial, unix_seconds(at), unix_seconds(end)});
    });
  };
  using std::chrono::hours;
  revoke_ended("4701", kNow, kNow + hours{2});
  EXPECT_EQ(make(kNow + hours{1}).entries, 1U);
  EXPECT_EQ(make(kNow + hours{3}).entries, 1U) << "the one list beyond its end";
  EXPECT_EQ(make(kNow + hours{4}).entries, 0U);
  revoke_ended("4702", kNow + hours{5}, kNow + hours{2});
  EXPECT_EQ(make(kNow + hours{6}).entries, 1U) << "revoked after its end, and never listed yet";
  EXPECT_EQ(make(kNow + hours{7}).entries, 0U);
}

TEST_F(CrlTest, KeepsWhatHasEndedWhileNoListWasFinished) {
  using std::chrono::hours;
  ca_.database().write([&](store::Transaction& t) {
    t.execute(
        "INSERT INTO revocation (authority, serial, revoked_at, reason, not_after, shard) VALUES (?, ?, ?, 0, ?, -1)",
        {std::string{"issuing"}, std::string{"4701"}, unix_seconds(kNow), unix_seconds(kNow + hours{1})});
  });
  const auto cut = [&] {
    return make_list(ca_.database(), ca_.issuing(), 7, kNow + hours{2}, test::rng(),
                     [](store::Transaction&, const RevocationList&) { throw Error{Errc::unavailable, "cut"}; });
  };
  (void)test::error_of(cut);
  EXPECT_EQ(make(kNow + hours{3}).entries, 1U);
}

TEST_F(CrlTest, KnowsNoReasonOfItsOwnMaking) {
  const auto lost = issue_lamp("SL-26-000001");
  EXPECT_EQ(test::error_of([&] { return revoke_serial(lost, "bored"); }).code(), Errc::bad_input);
}

}  // namespace
}  // namespace lamp::pki
