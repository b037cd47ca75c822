// What a device's request says, and what is taken in answer to it.
#include "lib/pki/enrolled.hpp"

#include <botan/pk_keys.h>
#include <botan/rng.h>
#include <gmock/gmock.h>

#include "lib/pki/csr.hpp"
#include "lib/pki/csr_writer.hpp"
#include "lib/pki/names.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(DeviceRequest, NamesTheSerialNumberAndProvesTheKey) {
  const auto key = test::make_key();
  const auto request = parse_request(write_request("SL-26-000001", *key, test::rng()));
  ASSERT_EQ(request.subject_attributes.size(), 1U);
  EXPECT_EQ(request.subject_attributes.front().oid, oid::kSerialNumber);
  EXPECT_EQ(request.subject_attributes.front().text, "SL-26-000001");
  EXPECT_EQ(request.public_key_info, key->subject_public_key());
  EXPECT_THAT(request.alternative_names, IsEmpty());
}

TEST(DeviceRequest, IsNotMadeForWhatNoCertificateMayHold) {
  const auto key = test::make_key();
  for (const char* serial : {"", "SL_26", "SL-26*", "\xc3\xa4"})
    EXPECT_EQ(test::error_of([&] { return write_request(serial, *key, test::rng()); }).code(), Errc::bad_input);
  EXPECT_EQ(test::error_of([&] { return write_request(std::string(65, '1'), *key, test::rng()); }).code(),
            Errc::bad_input);
  const auto large = test::make_key("secp384r1");
  EXPECT_EQ(test::error_of([&] { return write_request("SL-26-000001", *large, test::rng()); }).code(), Errc::bad_input);
}

/// Asks for one certificate and gets another.
class Enrolled : public testing::Test {
 protected:
  Bytes certificate(const Profile& profile, const Subject& values, const Botan::Public_Key& key,
                    Instant now = test::kNow) {
    return ca_.issue(profile, values, key, now).certificate;
  }
  std::vector<std::string> objections(const Bytes& certificate, Instant now = test::kNow) {
    const auto key = key_->subject_public_key();
    return judge_enrolled(certificate, {profile_, values_, key, ca_.issuing().chain()}, now).objections;
  }
  test::SmallCa ca_;
  std::unique_ptr<Botan::Private_Key> key_ = test::make_key();
  Profile profile_ = for_hardware(test::delivered_profile("idevid"), "1.3.6.1.4.1.32473.1.7");
  Subject values_{{"serial", "SL-26-000001"}, {"model", "smart-lamp"}, {"mac", "00:00:5e:00:53:01"}};
};

TEST_F(Enrolled, WhatWasAskedForIsTaken) { EXPECT_THAT(objections(certificate(profile_, values_, *key_)), IsEmpty()); }

TEST_F(Enrolled, AServersClockMayBeALittleAhead) {
  const auto ahead = certificate(profile_, values_, *key_, test::kNow + std::chrono::minutes{4});
  EXPECT_THAT(objections(ahead), IsEmpty());
  EXPECT_THAT(objections(ahead, test::kNow - std::chrono::minutes{2}), ElementsAre(HasSubstr("chain does not hold")));
}

TEST_F(Enrolled, AnotherKeyIsRefused) {
  EXPECT_THAT(objections(certificate(profile_, values_, *test::make_key())), ElementsAre("it is for another key"));
}

TEST_F(Enrolled, AnotherSerialNumberOrModelIsRefused) {
  auto other = values_;
  other["serial"] = "SL-26-000002";
  EXPECT_THAT(objections(certificate(profile_, other, *key_)), ElementsAre(HasSubstr("its subject")));
}

TEST_F(Enrolled, AnotherHardwareTypeIsRefused) {
  const auto other = for_hardware(profile_, "1.3.6.1.4.1.32473.1.8");
  EXPECT_THAT(objections(certificate(other, values_, *key_)), ElementsAre("subjectAltName says something else"));
}

TEST_F(Enrolled, AnotherEndIsRefused) {
  auto other = profile_;
  other.standard = Standard::rfc5280;
  other.lifetime = {Lifetime::Unit::days, 10};
  EXPECT_THAT(objections(certificate(other, values_, *key_)), ElementsAre(HasSubstr("it ends at")));
}

TEST_F(Enrolled, AnotherUseIsRefused) {
  auto other = profile_;
  other.standard = Standard::rfc5280;
  other.extended_key_usage = {"clientAuth"};
  EXPECT_THAT(objections(certificate(other, values_, *key_)), ElementsAre(HasSubstr("was not asked for")));
}

TEST_F(Enrolled, AnotherAuthorityOfTheSameNameIsRefused) {
  test::SmallCa other;
  const auto false_one = other.issue(profile_, values_, *key_).certificate;
  EXPECT_THAT(objections(false_one), testing::Not(IsEmpty()));
}

TEST_F(Enrolled, AnAlteredSignatureIsRefused) {
  auto altered = certificate(profile_, values_, *key_);
  altered.back() ^= 1;
  EXPECT_THAT(objections(altered), ElementsAre(HasSubstr("chain does not hold")));
}

TEST_F(Enrolled, WhatIsNoCertificateIsRefused) {
  EXPECT_THAT(objections(Bytes{}), ElementsAre(HasSubstr("cannot be judged")));
  EXPECT_THAT(objections(to_bytes("MIIB")), ElementsAre(HasSubstr("cannot be judged")));
}

}  // namespace
}  // namespace lamp::pki
