#include "lib/pki/lint.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "lib/base/file.hpp"
#include "lib/pki/tbs.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using testing::Contains;
using testing::IsEmpty;

std::vector<std::string> rules(const std::vector<Finding>& findings) {
  std::vector<std::string> names;
  for (const auto& finding : findings) names.push_back(finding.rule);
  return names;
}

/// A good TBSCertificate whose bytes a case then damages, keeping every length as it is.
class Sample {
 public:
  explicit Sample(const std::string& profile) : ca_{issuing_for(profile)}, profile_{test::delivered_profile(profile)} {
    const auto key = test::make_key();
    tbs_ =
        ca_.reserve(profile_, {{"name", "one.example"}, {"serial", "SL-26-000001"}, {"model", "smart-lamp"}}, *key).tbs;
  }
  static std::string issuing_for(const std::string& profile) {
    return profile == "idevid" ? "device-ca" : profile == "tls-server" ? "server-ca" : "client-ca";
  }
  void damage(const std::string& from, const std::string& to) {
    const auto old_bytes = from_hex(from), new_bytes = from_hex(to);
    const auto at = std::search(tbs_.begin(), tbs_.end(), old_bytes.begin(), old_bytes.end());
    ASSERT_NE(at, tbs_.end()) << "the sample has no " << from;
    std::copy(new_bytes.begin(), new_bytes.end(), at);
  }
  [[nodiscard]] std::vector<std::string> found() const {
    return rules(lint_tbs(tbs_, profile_, ca_.issuing().facts()));
  }

 private:
  test::SmallCa ca_;
  Profile profile_;
  Bytes tbs_;
};

struct Damage {
  const char* name;
  const char* profile;
  const char* from;
  const char* to;
  const char* rule;
};
void PrintTo(const Damage& c, std::ostream* os) { *os << c.name; }
class LintFinds : public testing::TestWithParam<Damage> {};

TEST_P(LintFinds, ItsRule) {
  Sample sample{GetParam().profile};
  ASSERT_THAT(sample.found(), IsEmpty());
  sample.damage(GetParam().from, GetParam().to);
  EXPECT_THAT(sample.found(), Contains(GetParam().rule));
}

// Bytes: [0]{INTEGER version}; ecdsa-with-SHA256; UTCTime and GeneralizedTime heads; extension identifiers.
INSTANTIATE_TEST_SUITE_P(
    Table, LintFinds,
    testing::Values(
        Damage{"VersionTwo", "idevid", "a003020102", "a003020101", "rfc5280.version"},
        Damage{"VersionNotShortest", "idevid", "a003020102", "a003030102", "rfc5280.der"},
        Damage{"OtherSignature", "idevid", "06082a8648ce3d040302", "06082a8648ce3d040303",
               "rfc5280.signature.algorithm"},
        Damage{"IssuerRenamed", "idevid", "69737375696e67", "49737375696e67", "rfc5280.issuer.name"},
        Damage{"BeginsAfterItsEnd", "operator", "170d3236", "170d3439", "rfc5280.validity.order"},
        Damage{"NotUtcThrough2049", "operator", "170d3237", "180d3237", "rfc5280.time.form"},
        Damage{"UtcFrom2050", "idevid", "180f39393939", "180f32303439", "rfc5280.time.type"},
        Damage{"TimeWithoutZ", "idevid",
               "3539"
               "5a",
               "3539"
               "30",
               "rfc5280.time.form"},
        Damage{"EndsEarly", "idevid", "3939393931323331", "3239393931323331", "802.1ar.no-end"},
        Damage{"SerialAsUtf8", "idevid", "0603550405130c", "06035504050c0c", "rfc5280.name.string"},
        Damage{"NoSerialInSubject", "idevid", "0603550405", "060355040b", "802.1ar.serial-number"},
        Damage{"CurveP521", "idevid", "06082a8648ce3d030107", "06082a8648ce3d030106", "rfc5280.key.curve"},
        Damage{"UsageTrailingZeros", "idevid", "03020780", "03020680", "rfc5280.key-usage.zeros"},
        Damage{"UsageOther", "idevid", "03020780", "03020620", "802.1ar.key-usage"},
        Damage{"UsageSigns", "idevid", "03020780", "03020204", "rfc5280.key-usage.sign"},
        Damage{"UsageNotCritical", "idevid", "0603551d0f0101ff", "0603551d0f010100", "rfc5280.extension.critical"},
        Damage{"DefaultWritten", "idevid", "0603551d0f0101ff", "0603551d0f010100", "rfc5280.extension.default"},
        Damage{"BooleanNotDer", "idevid", "0603551d0f0101ff", "0603551d0f010101", "rfc5280.der"},
        Damage{"NoIssuerKeyId", "idevid", "0603551d23", "0603551d24", "rfc5280.aki.present"},
        Damage{"IssuerKeyIdOther", "idevid", "30168014", "30168114", "rfc5280.der"},
        Damage{"ExtensionTwice", "idevid", "0603551d23", "0603551d0e", "rfc5280.extension.once"},
        Damage{"UnknownCritical", "idevid", "0603551d0f0101ff", "0603551d500101ff", "rfc5280.extension.unknown"},
        Damage{"HostNameOdd", "tls-server", "820b6f6e652e", "820b2d6e652e", "rfc5280.san.dns"},
        Damage{"PurposeOther", "tls-server", "2b06010505070301", "2b06010505070302", "profile.extKeyUsage"},
        Damage{"LivesLonger", "operator", "170d3237", "170d3238", "profile.lifetime"},
        Damage{"BeyondIssuer", "operator", "170d3237", "170d3438", "rfc5280.validity.issuer"}),
    [](const auto& test_case) { return std::string{test_case.param.name}; });

TEST(Lint, RefusesSerialsThatAreNegativeZeroOrTooLong) {
  const test::SmallCa ca;
  auto tbs = Certificate::parse(ca.root().chain().front()).tbs;
  const auto found = [&](const Bytes& serial) {
    tbs.serial = serial;
    return rules(lint_rfc5280(tbs, nullptr));
  };
  const auto good = from_hex("40" + std::string(38, '0'));
  EXPECT_THAT(found(from_hex("80")), Contains("rfc5280.serial.positive"));
  EXPECT_THAT(found(from_hex("00")), Contains("rfc5280.serial.positive"));
  EXPECT_THAT(found(from_hex("00ff" + std::string(38, '0'))), Contains("rfc5280.serial.length"));
  EXPECT_THAT(found(good), testing::Not(Contains("rfc5280.serial.length")));
}

/// Sample identities of other makers: shared with the project, not part of it.
class OthersIdentities : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder_)) GTEST_SKIP() << "the published vectors are not in " << folder_;
  }
  std::filesystem::path folder_ =
      std::filesystem::path{LAMP_SOURCE_DIR}.parent_path() / "shared" / "vectors" / "pki" / "idevid";
};

TEST_F(OthersIdentities, ThatEndAtAnOddSecondAreFound) {
  const auto certificate = load_certificates(folder_ / "pledge.pem").front();
  const auto profile = test::delivered_profile("idevid");
  EXPECT_THAT(rules(lint_certificate(certificate, &profile, nullptr)), Contains("802.1ar.no-end"));
}

}  // namespace
}  // namespace lamp::pki
