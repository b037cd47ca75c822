#include "lib/pki/ocsp.hpp"

#include <botan/ocsp.h>
#include <botan/pk_keys.h>
#include <botan/x509cert.h>
#include <gmock/gmock.h>

#include "lib/pki/records.hpp"
#include "lib/pki/revocation.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using std::chrono::days;
using std::chrono::hours;
using test::kNow;
using Code = Botan::Certificate_Status_Code;
using ResponseStatus = Botan::OCSP::Response_Status_Code;

Botan::X509_Certificate certificate(const Bytes& der) { return Botan::X509_Certificate{der}; }
Botan::OCSP::Response response(const Bytes& der) { return Botan::OCSP::Response{der.data(), der.size()}; }

class OcspTest : public testing::Test {
 protected:
  Issued issue_lamp(const std::string& serial) {
    return ca_.issue(test::delivered_profile("idevid"), {{"serial", serial}, {"model", "smart-lamp"}},
                     *test::make_key());
  }
  void revoke_lamp(const Issued& lamp, const std::string& reason) {
    ca_.database().write(
        [&](store::Transaction& t) { ASSERT_TRUE(revoke(t, *find(t, "issuing", lamp.serial), reason, kNow)); });
  }
  [[nodiscard]] Bytes own() const { return ca_.issuing().chain().front(); }
  [[nodiscard]] Bytes ask(const std::string& serial, OcspHash hash = OcspHash::sha1) const {
    return encode_ocsp_request({encode_certificate_id(IssuerId::of(own()), hash, serial)}, std::nullopt);
  }
  Bytes answer(const OcspAuthority& authority, const Bytes& request, Instant now = kNow) {
    return answer_ocsp(ca_.database(), {&authority, 1}, request, now, test::rng());
  }
  PresignCount presign(const OcspAuthority& authority, Instant now = kNow) {
    return presign_ocsp(ca_.database(), authority, days{8}, now, test::rng(), [](const PresignCount&) {});
  }
  /// What Botan's client makes of an answer.
  Code judge(const Bytes& answer, const Issued& lamp) {
    const auto got = response(answer);
    EXPECT_EQ(got.verify_signature(signer_), Code::OCSP_SIGNATURE_OK);
    return got.status_for(certificate(own()), certificate(lamp.certificate), kNow);
  }
  test::SmallCa ca_;
  OcspAuthority signing_{"issuing", own(), ca_.issuing()};
  OcspAuthority keyless_{"issuing", own()};
  Botan::X509_Certificate signer_ = certificate(own());
};

TEST_F(OcspTest, AnswersGoodForWhatIsIssued) {
  const auto lamp = issue_lamp("SL-26-000001");
  EXPECT_EQ(judge(answer(signing_, ask(lamp.serial)), lamp), Code::OCSP_RESPONSE_GOOD);
  EXPECT_EQ(judge(answer(signing_, ask(lamp.serial, OcspHash::sha256)), lamp), Code::OCSP_RESPONSE_GOOD);
}

TEST_F(OcspTest, AnswersABotanClient) {
  const auto lamp = issue_lamp("SL-26-000001");
  const auto request = Botan::OCSP::Request{certificate(own()), certificate(lamp.certificate)}.BER_encode();
  EXPECT_EQ(judge(answer(signing_, request), lamp), Code::OCSP_RESPONSE_GOOD);
}

TEST_F(OcspTest, AnswersRevokedWithTimeAndReason) {
  const auto lamp = issue_lamp("SL-26-000001");
  revoke_lamp(lamp, "keyCompromise");
  const auto said = answer(signing_, ask(lamp.serial), kNow + hours{1});
  EXPECT_EQ(judge(said, lamp), Code::CERT_IS_REVOKED);
  // [1] { GeneralizedTime 20261122130000Z, [0] { ENUMERATED 1 } }
  EXPECT_THAT(hex(said), testing::HasSubstr("a116180f" + hex(as_bytes("20261122130000Z")) + "a0030a0101"));
}

TEST_F(OcspTest, LeavesTheReasonUnspecifiedOut) {
  const auto lamp = issue_lamp("SL-26-000001");
  revoke_lamp(lamp, "unspecified");
  EXPECT_THAT(hex(answer(signing_, ask(lamp.serial))),
              testing::HasSubstr("a111180f" + hex(as_bytes("20261122130000Z")) + "180f"));
}

TEST_F(OcspTest, AnswersUnknownForASerialThatNobodyGotAndForAReservation) {
  const auto stranger = answer(signing_, ask("7f00"));
  EXPECT_THAT(hex(stranger), testing::HasSubstr("02027f008200"));
  const auto reserved = ca_.reserve(test::delivered_profile("idevid"),
                                    {{"serial", "SL-26-000009"}, {"model", "smart-lamp"}}, *test::make_key());
  EXPECT_THAT(hex(answer(signing_, ask(reserved.serial))), testing::HasSubstr(reserved.serial + "8200"));
}

TEST_F(OcspTest, AnswersSeveralInOneResponse) {
  const auto good = issue_lamp("SL-26-000001"), lost = issue_lamp("SL-26-000002");
  revoke_lamp(lost, "superseded");
  const auto id = IssuerId::of(own());
  const auto other = IssuerId::of(ca_.root().chain().front());
  const auto said = answer(signing_, encode_ocsp_request({encode_certificate_id(id, OcspHash::sha1, good.serial),
                                                          encode_certificate_id(id, OcspHash::sha256, lost.serial),
                                                          encode_certificate_id(other, OcspHash::sha1, good.serial)},
                                                         std::nullopt));
  EXPECT_EQ(judge(said, good), Code::OCSP_RESPONSE_GOOD);
  EXPECT_EQ(judge(said, lost), Code::CERT_IS_REVOKED);
  EXPECT_THAT(hex(said), testing::HasSubstr(hex(other.key_sha1) + "0210" + good.serial + "8200"));
}

TEST_F(OcspTest, AnswersForTheAuthorityThatWasAsked) {
  const std::vector<OcspAuthority> both{{"root", ca_.root().chain().front(), ca_.root()}, signing_};
  const auto lamp = issue_lamp("SL-26-000001");
  EXPECT_EQ(judge(answer_ocsp(ca_.database(), both, ask(lamp.serial), kNow, test::rng()), lamp),
            Code::OCSP_RESPONSE_GOOD);
}

TEST_F(OcspTest, IsUnauthorizedForAnotherIssuer) {
  const auto stranger = encode_certificate_id(IssuerId::of(ca_.root().chain().front()), OcspHash::sha1, "01");
  EXPECT_EQ(response(answer(signing_, encode_ocsp_request({stranger}, std::nullopt))).status(),
            ResponseStatus::Unauthorized);
}

TEST_F(OcspTest, RepeatsANonceOfUpTo32Octets) {
  const auto lamp = issue_lamp("SL-26-000001");
  const auto id = encode_certificate_id(IssuerId::of(own()), OcspHash::sha1, lamp.serial);
  const auto with = [&](std::size_t size) { return answer(signing_, encode_ocsp_request({id}, Bytes(size, 0xA5))); };
  EXPECT_THAT(hex(with(1)), testing::HasSubstr("0401a5"));
  EXPECT_THAT(hex(with(32)), testing::HasSubstr("0420" + hex(Bytes(32, 0xA5))));
  EXPECT_EQ(judge(with(33), lamp), Code::OCSP_RESPONSE_GOOD);
  EXPECT_THAT(hex(with(33)), testing::Not(testing::HasSubstr("a5a5a5a5")));
  EXPECT_EQ(response(with(0)).status(), ResponseStatus::Malformed_Request);
  EXPECT_EQ(response(with(129)).status(), ResponseStatus::Malformed_Request);
}

/// An OCSP signer below the issuing authority; `purpose` is its extended key usage.
struct Delegate {
  Delegate(test::SmallCa& ca, const std::string& purpose, const std::string& name = "responder")
      : key{test::make_key()} {
    const auto profile = test::changed_profile("operator", "[clientAuth]", "[" + purpose + "]");
    const auto issued = ca.issue(profile, {{"name", name}}, *key);
    authority = std::make_unique<Authority>("responder", std::vector<Bytes>{issued.certificate}, *key);
  }
  std::unique_ptr<Botan::Private_Key> key;
  std::unique_ptr<Authority> authority;
};

TEST_F(OcspTest, SignsByADelegateAndSendsItsCertificate) {
  const Delegate delegate{ca_, "OCSPSigning"};
  const OcspAuthority authority{"issuing", own(), *delegate.authority};
  const auto lamp = issue_lamp("SL-26-000001");
  const auto said = answer(authority, ask(lamp.serial));
  const auto got = response(said);
  ASSERT_EQ(got.certificates().size(), 1U);
  signer_ = got.certificates().front();
  EXPECT_EQ(judge(said, lamp), Code::OCSP_RESPONSE_GOOD);
}

TEST_F(OcspTest, RefusesADelegateThatIsNone) {
  const Delegate client{ca_, "clientAuth"};
  EXPECT_THAT(test::error_of([&] { return OcspAuthority{"issuing", own(), *client.authority}; }).what(),
              testing::HasSubstr("not for OCSPSigning"));
  const Delegate of_issuing{ca_, "OCSPSigning", "another"};
  EXPECT_THAT(
      test::error_of([&] { return OcspAuthority{"root", ca_.root().chain().front(), *of_issuing.authority}; }).what(),
      testing::HasSubstr("not issued by authority root"));
}

TEST_F(OcspTest, DoesNotSignByADelegateThatHasEnded) {
  const Delegate delegate{ca_, "OCSPSigning"};
  const OcspAuthority authority{"issuing", own(), *delegate.authority};
  const auto lamp = issue_lamp("SL-26-000001");
  EXPECT_EQ(response(answer(authority, ask(lamp.serial), kNow + days{366})).status(), ResponseStatus::Try_Later);
}

TEST_F(OcspTest, AnswersWithoutAKeyFromWhatWasSignedAhead) {
  const auto lamp = issue_lamp("SL-26-000001"), lost = issue_lamp("SL-26-000002");
  revoke_lamp(lost, "keyCompromise");
  EXPECT_EQ(presign(signing_).signed_now, 2U);
  EXPECT_EQ(judge(answer(keyless_, ask(lamp.serial)), lamp), Code::OCSP_RESPONSE_GOOD);
  EXPECT_EQ(judge(answer(keyless_, ask(lamp.serial, OcspHash::sha256)), lamp), Code::OCSP_RESPONSE_GOOD);
  EXPECT_EQ(judge(answer(keyless_, ask(lost.serial)), lost), Code::CERT_IS_REVOKED);
  const auto id = encode_certificate_id(IssuerId::of(own()), OcspHash::sha1, lamp.serial);
  EXPECT_EQ(answer(keyless_, encode_ocsp_request({id}, Bytes(16, 0xA5))), answer(keyless_, ask(lamp.serial)));
}

TEST_F(OcspTest, HasNoAnswerWithoutAKeyForWhatWasNotSignedAhead) {
  EXPECT_EQ(response(answer(keyless_, ask("7f00"))).status(), ResponseStatus::Unauthorized);
  const auto lamp = issue_lamp("SL-26-000001");
  EXPECT_EQ(response(answer(keyless_, ask(lamp.serial))).status(), ResponseStatus::Try_Later);
  (void)presign(signing_);
  EXPECT_EQ(response(answer(keyless_, ask(lamp.serial), kNow + days{8})).status(), ResponseStatus::Try_Later);
}

TEST_F(OcspTest, NeverSaysGoodOfWhatWasRevokedAfterItWasSignedAhead) {
  const auto lamp = issue_lamp("SL-26-000001");
  (void)presign(signing_);
  revoke_lamp(lamp, "keyCompromise");
  EXPECT_EQ(response(answer(keyless_, ask(lamp.serial))).status(), ResponseStatus::Try_Later);
  EXPECT_EQ(judge(answer(signing_, ask(lamp.serial)), lamp), Code::CERT_IS_REVOKED);
  EXPECT_EQ(presign(signing_).signed_now, 1U);
  EXPECT_EQ(judge(answer(keyless_, ask(lamp.serial)), lamp), Code::CERT_IS_REVOKED);
}

TEST_F(OcspTest, SignsAheadOnlyWhatIsNewChangedOrNearItsEnd) {
  for (const auto* serial : {"SL-26-000001", "SL-26-000002", "SL-26-000003"}) (void)issue_lamp(serial);
  EXPECT_EQ(presign(signing_).signed_now, 3U);
  (void)issue_lamp("SL-26-000004");
  const auto soon = presign(signing_, kNow + days{4});
  EXPECT_EQ(soon.signed_now, 1U);
  EXPECT_EQ(soon.kept, 3U);
  EXPECT_EQ(presign(signing_, kNow + days{5}).signed_now, 3U);
}

TEST_F(OcspTest, SignsAheadAgainWhenTheSignerChanges) {
  const auto lamp = issue_lamp("SL-26-000001");
  (void)presign(signing_);
  const Delegate delegate{ca_, "OCSPSigning"};
  const OcspAuthority authority{"issuing", own(), *delegate.authority};
  EXPECT_EQ(presign(authority).signed_now, 2U) << "the lamp and the delegate itself";
  EXPECT_EQ(response(answer(keyless_, ask(lamp.serial))).certificates().size(), 1U);
}

TEST_F(OcspTest, GoesOnSigningAheadWhereItWasCutShort) {
  for (int i = 0; i < 300; ++i) (void)issue_lamp("SL-26-" + std::to_string(100000 + i));
  const auto cut = test::error_of([&] {
    return presign_ocsp(ca_.database(), signing_, days{8}, kNow, test::rng(),
                        [](const PresignCount&) { throw Error{Errc::unavailable, "cut"}; });
  });
  EXPECT_EQ(cut.code(), Errc::unavailable);
  const auto rest = presign(signing_);
  EXPECT_EQ(rest.kept, 256U);
  EXPECT_EQ(rest.signed_now, 44U);
}

}  // namespace
}  // namespace lamp::pki
