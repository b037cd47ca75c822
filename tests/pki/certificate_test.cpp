#include "lib/pki/certificate.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_ext.h>
#include <botan/x509cert.h>
#include <botan/x509path.h>
#include <gmock/gmock.h>

#include "lib/base/file.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/path.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

class IdentityTest : public testing::Test {
 protected:
  test::SmallCa ca_;
  std::unique_ptr<Botan::Private_Key> key_ = test::make_key();
  Bytes certificate_ =
      ca_.issue(test::delivered_profile("idevid"), {{"serial", "SL-26-000001"}, {"model", "smart-lamp"}}, *key_)
          .certificate;
};

TEST_F(IdentityTest, CarriesTheHardwareModuleNameAsRfc4108WantsIt) {
  const auto parsed = Certificate::parse(certificate_);
  const auto names = general_names(parsed.tbs.find(oid::kSubjectAlternativeName)->value);
  ASSERT_EQ(names.size(), 1U);
  EXPECT_EQ(names[0].other_type, oid::kHardwareModuleName);
  EXPECT_EQ(names[0].hardware_type, "1.3.6.1.4.1.32473.1");
  EXPECT_EQ(names[0].hardware_serial, "SL-26-000001");
}

TEST_F(IdentityTest, IsValidForBotanUpToTheRoot) {
  const Botan::X509_Certificate leaf{certificate_};
  const Botan::X509_Certificate issuing{ca_.issuing().chain()[0]}, root{ca_.issuing().chain()[1]};
  Botan::Certificate_Store_In_Memory trusted;
  trusted.add_certificate(root);
  const auto result = validate_path({leaf, issuing}, {&trusted}, {.at = test::kNow});
  EXPECT_TRUE(result.successful_validation()) << result.result_string();
}

TEST_F(IdentityTest, SurvivesThePemFile) {
  const auto file = ca_.directory() / "chain.pem";
  std::vector<Bytes> chain{certificate_, ca_.issuing().chain()[0]};
  publish(file, to_pem(chain));
  EXPECT_EQ(load_certificates(file), chain);
}

TEST_F(IdentityTest, IsRefusedWithAnyOctetCutOffOrAdded) {
  for (std::size_t size = 0; size < certificate_.size(); ++size)
    EXPECT_EQ(test::error_of([&] { return Certificate::parse(ByteView{certificate_}.first(size)); }).code(),
              Errc::bad_input);
  certificate_.push_back(0);
  EXPECT_EQ(test::error_of([&] { return Certificate::parse(certificate_); }).code(), Errc::bad_input);
}

struct TimeCase {
  const char* name;
  std::uint8_t tag;
  const char* text;
  const char* instant;  ///< empty: refused
};
void PrintTo(const TimeCase& c, std::ostream* os) { *os << c.name; }
class CertificateTimeTest : public testing::TestWithParam<TimeCase> {};

TEST_P(CertificateTimeTest, ReadsTheOneFormOnly) {
  const auto instant = CertificateTime{GetParam().tag, GetParam().text}.instant();
  EXPECT_EQ(instant ? format_instant(*instant) : "", GetParam().instant);
}

INSTANTIATE_TEST_SUITE_P(Table, CertificateTimeTest,
                         testing::Values(TimeCase{"Utc", der::kUtcTime, "261122130000Z", "2026-11-22T13:00:00Z"},
                                         TimeCase{"Utc1950", der::kUtcTime, "500101000000Z", "1950-01-01T00:00:00Z"},
                                         TimeCase{"NoEnd", der::kGeneralizedTime, "99991231235959Z",
                                                  "9999-12-31T23:59:59Z"},
                                         TimeCase{"NoSeconds", der::kUtcTime, "2611221300Z", ""},
                                         TimeCase{"Offset", der::kUtcTime, "261122130000+0100", ""},
                                         TimeCase{"Fraction", der::kGeneralizedTime, "20501231235959.5Z", ""},
                                         TimeCase{"NoSuchDay", der::kUtcTime, "260231000000Z", ""},
                                         TimeCase{"NoSuchHour", der::kUtcTime, "260201240000Z", ""}),
                         [](const auto& test_case) { return std::string{test_case.param.name}; });

struct UsageCase {
  const char* name;
  const char* value;
  std::size_t bits;
  bool zeros;
};
void PrintTo(const UsageCase& c, std::ostream* os) { *os << c.name; }
class KeyUsageTest : public testing::TestWithParam<UsageCase> {};

TEST_P(KeyUsageTest, CountsItsBits) {
  const auto value = from_hex(GetParam().value);
  const auto usage = key_usage(value);
  EXPECT_EQ(usage.set.size(), GetParam().bits);
  EXPECT_EQ(usage.trailing_zeros, GetParam().zeros);
}

INSTANTIATE_TEST_SUITE_P(Table, KeyUsageTest,
                         testing::Values(UsageCase{"DigitalSignature", "03020780", 1, false},
                                         UsageCase{"TrailingZeros", "03020080", 1, true},
                                         UsageCase{"CertAndCrl", "03020106", 2, false},
                                         UsageCase{"DecipherOnly", "0303070080", 1, false},
                                         UsageCase{"Empty", "030100", 0, false}),
                         [](const auto& test_case) { return std::string{test_case.param.name}; });

}  // namespace
}  // namespace lamp::pki
