// For each rule of the linter about certificates one that breaks it, and nothing is said of the good one.
#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include <set>

#include "lib/pki/lint.hpp"
#include "lib/pki/tbs.hpp"
#include "tests/pki/small_ca.hpp"
#include "tests/pki/tbs_parts.hpp"

namespace lamp::pki {
namespace {

using test::item;
using test::TbsParts;
using testing::Contains;
using testing::IsEmpty;

// Object identifiers, as their content octets.
constexpr const char* kCommonName = "550403";
constexpr const char* kCountryName = "550406";
constexpr const char* kOwnKeyId = "551d0e";
constexpr const char* kUsage = "551d0f";
constexpr const char* kNames = "551d11";
constexpr const char* kBasic = "551d13";
constexpr const char* kConstraints = "551d1e";
constexpr const char* kPoints = "551d1f";
constexpr const char* kPolicies = "551d20";
constexpr const char* kIssuerKeyId = "551d23";
constexpr const char* kPolicyLimits = "551d24";
constexpr const char* kPurposes = "551d25";
constexpr const char* kNoRevocation = "551d38";
constexpr const char* kAccess = "2b06010505070101";
constexpr const char* kNoCheck = "2b0601050507300105";

std::vector<std::string> rules(const std::vector<Finding>& findings) {
  std::vector<std::string> names;
  for (const auto& finding : findings) names.push_back(finding.rule);
  return names;
}

std::string sequence(const std::string& content) { return hex(item(0x30, content)); }

/// One item of context tag, its content text.
std::string named(std::uint8_t tag, std::string_view text) { return hex(item(tag, as_bytes(text))); }

struct Spoiled {
  const char* name;
  const char* rule;
  const char* profile;
  void (*spoil)(TbsParts&);
};
void PrintTo(const Spoiled& c, std::ostream* os) { *os << c.name; }

/// Small enough to be refused, of a form that is not.
Bytes rsa_key(std::size_t bits, const std::string& exponent) {
  const auto modulus = item(0x02, "00" + std::string(bits / 4, 'c') + "");
  auto numbers = modulus;
  append(numbers, item(0x02, exponent));
  Bytes bit_string{0};
  append(bit_string, item(0x30, ByteView{numbers}));
  auto all = from_hex("300d06092a864886f70d0101010500");
  append(all, item(0x03, ByteView{bit_string}));
  return item(0x30, ByteView{all});
}

const std::vector<Spoiled>& spoiled() {
  static const std::vector<Spoiled> all{
      {"Version", "rfc5280.version", "idevid", [](TbsParts& t) { t.version = from_hex("a003020101"); }},
      {"UniqueId", "rfc5280.unique-id", "idevid", [](TbsParts& t) { t.unique_id = item(0x82, "0001"); }},
      {"Indefinite", "rfc5280.der", "idevid", [](TbsParts& t) { t.version = from_hex("a0800201020000"); }},
      {"SerialZero", "rfc5280.serial.positive", "idevid", [](TbsParts& t) { t.serial = item(0x02, "00"); }},
      {"SerialNegative", "rfc5280.serial.positive", "idevid", [](TbsParts& t) { t.serial = item(0x02, "80"); }},
      {"SerialOf21", "rfc5280.serial.length", "idevid",
       [](TbsParts& t) { t.serial = item(0x02, "00ff" + std::string(38, '0')); }},
      {"OtherAlgorithm", "rfc5280.signature.algorithm", "idevid",
       [](TbsParts& t) { t.algorithm = encode_algorithm("1.2.840.10045.4.3.3"); }},
      {"EcdsaWithNull", "rfc5280.signature.parameters", "idevid",
       [](TbsParts& t) { t.algorithm = from_hex("300c06082a8648ce3d0403020500"); }},
      {"RsaWithoutNull", "rfc5280.signature.parameters", "idevid",
       [](TbsParts& t) { t.algorithm = encode_algorithm("1.2.840.113549.1.1.11"); }},
      {"EcdsaWithSha1", "rfc5280.signature.weak", "idevid",
       [](TbsParts& t) { t.algorithm = encode_algorithm("1.2.840.10045.4.1"); }},
      {"NoIssuer", "rfc5280.issuer.empty", "idevid", [](TbsParts& t) { t.issuer = from_hex("3000"); }},
      {"OtherIssuer", "rfc5280.issuer.name", "idevid", [](TbsParts& t) { t.issuer = t.subject; }},
      {"TimeWithFraction", "rfc5280.time.form", "operator",
       [](TbsParts& t) { t.validity = item(0x30, named(0x18, "20261122130000.5Z") + named(0x17, "271122125959Z")); }},
      {"GeneralizedBefore2050", "rfc5280.time.type", "operator",
       [](TbsParts& t) { t.validity = item(0x30, named(0x18, "20261122130000Z") + named(0x17, "271122125959Z")); }},
      {"EndsFirst", "rfc5280.validity.order", "operator",
       [](TbsParts& t) { t.validity = item(0x30, named(0x17, "271122130000Z") + named(0x17, "261122125959Z")); }},
      {"BeforeItsIssuer", "rfc5280.validity.issuer", "operator",
       [](TbsParts& t) { t.validity = item(0x30, named(0x17, "251122130000Z") + named(0x17, "261122125959Z")); }},
      {"TeletexName", "rfc5280.name.string", "operator", [](TbsParts& t) { t.set_subject(kCommonName, 0x14, "ann"); }},
      {"AtSignInPrintable", "rfc5280.name.characters", "operator",
       [](TbsParts& t) { t.set_subject(kCommonName, 0x13, "a@b"); }},
      {"NotUtf8", "rfc5280.name.characters", "operator",
       [](TbsParts& t) { t.set_subject(kCommonName, 0x0C, "a\xC0\x80"); }},
      {"SurrogateInUtf8", "rfc5280.name.characters", "operator",
       [](TbsParts& t) { t.set_subject(kCommonName, 0x0C, "\xED\xA0\x80"); }},
      {"EmptyName", "rfc5280.name.empty", "operator", [](TbsParts& t) { t.set_subject(kCommonName, 0x0C, ""); }},
      {"LongName", "rfc5280.name.length", "operator",
       [](TbsParts& t) { t.set_subject(kCommonName, 0x0C, std::string(65, 'a')); }},
      {"LowerCaseCountry", "rfc5280.name.country", "operator",
       [](TbsParts& t) { t.set_subject(kCountryName, 0x13, "de"); }},
      {"NamelessAuthority", "rfc5280.subject.empty", "server-ca", [](TbsParts& t) { t.subject = from_hex("3000"); }},
      {"CurveP521", "rfc5280.key.curve", "idevid",
       [](TbsParts& t) { t.key = from_hex("3015301006072a8648ce3d020106052b81040023030100"); }},
      {"CompressedPoint", "rfc5280.key.point", "idevid",
       [](TbsParts& t) {
         t.key = from_hex(
             "3039301306072a8648ce3d020106082a8648ce3d030107032200"
             "02" +
             std::string(64, '1'));
       }},
      {"SmallRsa", "rfc5280.key.size", "idevid", [](TbsParts& t) { t.key = rsa_key(1024, "010001"); }},
      {"ExponentThree", "rfc5280.key.exponent", "idevid", [](TbsParts& t) { t.key = rsa_key(2048, "03"); }},
      {"ExponentEven", "rfc5280.key.exponent", "idevid", [](TbsParts& t) { t.key = rsa_key(2048, "010002"); }},
      {"Twice", "rfc5280.extension.once", "idevid", [](TbsParts& t) { t.extensions.push_back(t.extensions.front()); }},
      {"CriticalFalse", "rfc5280.extension.default", "idevid",
       [](TbsParts& t) {
         t.extensions.push_back(
             from_hex("300c06032a0304010100"
                      "04020500"));
       }},
      {"UsageNotCritical", "rfc5280.extension.critical", "idevid",
       [](TbsParts& t) { t.set(kUsage, false, "03020780"); }},
      {"KeyIdCritical", "rfc5280.extension.critical", "idevid",
       [](TbsParts& t) { t.set(kOwnKeyId, true, hex(t.value(kOwnKeyId))); }},
      {"UnknownCritical", "rfc5280.extension.unknown", "idevid", [](TbsParts& t) { t.set("2a0304", true, "0500"); }},
      {"NoIssuerKeyId", "rfc5280.aki.present", "idevid", [](TbsParts& t) { t.remove(kIssuerKeyId); }},
      {"EmptyIssuerKeyId", "rfc5280.aki.key-id", "idevid", [](TbsParts& t) { t.set(kIssuerKeyId, false, "3000"); }},
      {"OtherIssuerKeyId", "rfc5280.aki.issuer", "idevid",
       [](TbsParts& t) { t.set(kIssuerKeyId, false, "3003800101"); }},
      {"IssuerSerialAlone", "rfc5280.aki.pair", "idevid",
       [](TbsParts& t) { t.set(kIssuerKeyId, false, "3006800101820101"); }},
      {"NoKeyId", "rfc5280.ski.present", "server-ca", [](TbsParts& t) { t.remove(kOwnKeyId); }},
      {"EmptyKeyId", "rfc5280.ski.empty", "idevid", [](TbsParts& t) { t.set(kOwnKeyId, false, "0400"); }},
      {"NoUsage", "rfc5280.key-usage.present", "server-ca", [](TbsParts& t) { t.remove(kUsage); }},
      {"EmptyUsage", "rfc5280.key-usage.empty", "idevid", [](TbsParts& t) { t.set(kUsage, true, "030100"); }},
      {"UsageZeros", "rfc5280.key-usage.zeros", "idevid", [](TbsParts& t) { t.set(kUsage, true, "03020680"); }},
      {"LeafSigns", "rfc5280.key-usage.sign", "idevid", [](TbsParts& t) { t.set(kUsage, true, "03020284"); }},
      {"AuthorityDoesNot", "rfc5280.key-usage.sign", "server-ca", [](TbsParts& t) { t.set(kUsage, true, "03020102"); }},
      {"CurveEnciphers", "rfc5280.key-usage.kind", "idevid", [](TbsParts& t) { t.set(kUsage, true, "030205a0"); }},
      {"DecipherOnly", "rfc5280.key-usage.only", "idevid", [](TbsParts& t) { t.set(kUsage, true, "0303078080"); }},
      {"PolicyTwice", "rfc5280.policies.once", "idevid",
       [](TbsParts& t) {
         t.set(kPolicies, false,
               sequence("300406022a03"
                        "300406022a03"));
       }},
      {"NamesCritical", "rfc5280.san.critical", "tls-server",
       [](TbsParts& t) { t.set(kNames, true, hex(t.value(kNames))); }},
      {"NamesNotCritical", "rfc5280.san.critical", "tls-server", [](TbsParts& t) { t.subject = from_hex("3000"); }},
      {"HostUnderscore", "rfc5280.san.dns", "tls-server",
       [](TbsParts& t) { t.set(kNames, false, sequence(named(0x82, "a_b.example"))); }},
      {"MailWithoutAt", "rfc5280.san.email", "tls-server",
       [](TbsParts& t) { t.set(kNames, false, sequence(named(0x81, "a.example"))); }},
      {"RelativeUri", "rfc5280.san.uri", "tls-server",
       [](TbsParts& t) { t.set(kNames, false, sequence(named(0x86, "a/b"))); }},
      {"AddressOfFive", "rfc5280.san.ip", "tls-server",
       [](TbsParts& t) { t.set(kNames, false, sequence(named(0x87, "12345"))); }},
      {"NameTwice", "rfc5280.san.once", "tls-server",
       [](TbsParts& t) { t.set(kNames, false, sequence(named(0x82, "a.example") + named(0x82, "a.example"))); }},
      {"AuthorityFalse", "rfc5280.basic.default", "idevid", [](TbsParts& t) { t.set(kBasic, true, "3003010100"); }},
      {"AuthorityNotCritical", "rfc5280.basic.critical", "server-ca",
       [](TbsParts& t) { t.set(kBasic, false, "30060101ff020100"); }},
      {"PathLengthOfLeaf", "rfc5280.basic.path-length", "idevid",
       [](TbsParts& t) { t.set(kBasic, true, "3003020100"); }},
      {"AuthorityBelowLast", "rfc5280.basic.issuer", "idevid", [](TbsParts& t) { t.set(kBasic, true, "30030101ff"); }},
      {"ConstrainedLeaf", "rfc5280.name-constraints.authority", "idevid",
       [](TbsParts& t) { t.set(kConstraints, true, sequence(hex(item(0xA0, sequence(named(0x82, "a")))))); }},
      {"ConstrainsNothing", "rfc5280.name-constraints.empty", "server-ca",
       [](TbsParts& t) { t.set(kConstraints, true, "3000"); }},
      {"ConstraintDistance", "rfc5280.name-constraints.distance", "server-ca",
       [](TbsParts& t) {
         t.set(kConstraints, true, sequence(hex(item(0xA0, sequence(named(0x82, "a") + "800101")))));
       }},
      {"ConstraintWithoutMask", "rfc5280.name-constraints.form", "server-ca",
       [](TbsParts& t) { t.set(kConstraints, true, sequence(hex(item(0xA0, sequence(named(0x87, "1234")))))); }},
      {"ConstraintNoHost", "rfc5280.name-constraints.form", "server-ca",
       [](TbsParts& t) { t.set(kConstraints, true, sequence(hex(item(0xA0, sequence(named(0x82, "a_b")))))); }},
      {"LeafLimitsPolicies", "rfc5280.policy-constraints.authority", "idevid",
       [](TbsParts& t) { t.set(kPolicyLimits, true, "3003800100"); }},
      {"LimitsNoPolicy", "rfc5280.policy-constraints.empty", "server-ca",
       [](TbsParts& t) { t.set(kPolicyLimits, true, "3000"); }},
      {"PurposeTwice", "rfc5280.eku.once", "operator",
       [](TbsParts& t) { t.set(kPurposes, false, sequence("06022a0306022a03")); }},
      {"AnyPurposeCritical", "rfc5280.eku.any", "operator",
       [](TbsParts& t) { t.set(kPurposes, true, sequence("0604551d2500")); }},
      {"ServerThatCannot", "rfc5280.eku.key-usage", "tls-server", [](TbsParts& t) { t.set(kUsage, true, "03020640"); }},
      {"ClientThatCannot", "rfc5280.eku.key-usage", "operator", [](TbsParts& t) { t.set(kUsage, true, "03020640"); }},
      {"SignerThatCannot", "rfc5280.eku.key-usage", "code-signing",
       [](TbsParts& t) { t.set(kUsage, true, "03020308"); }},
      {"StampsAndMore", "rfc3161.eku", "operator",
       [](TbsParts& t) {
         t.set(kPurposes, true,
               sequence("06082b06010505070308"
                        "06082b06010505070302"));
       }},
      {"PointWithoutName", "rfc5280.crl-points.name", "operator",
       [](TbsParts& t) { t.set(kPoints, false, sequence("300481020780")); }},
      {"PointNowhere", "rfc5280.crl-points.uri", "operator",
       [](TbsParts& t) {
         t.set(kPoints, false, sequence(sequence(hex(item(0xA0, hex(item(0xA0, named(0x86, "crl.der"))))))));
       }},
      {"AccessNowhere", "rfc5280.info-access.uri", "operator",
       [](TbsParts& t) { t.set(kAccess, false, sequence(sequence("06082b06010505073001" + named(0x86, "ocsp")))); }},
      {"NoCheckOfClient", "rfc6960.no-check.purpose", "operator", [](TbsParts& t) { t.set(kNoCheck, false, "0500"); }},
      {"NoCheckNotNull", "rfc6960.no-check.value", "ocsp-signer",
       [](TbsParts& t) { t.set(kNoCheck, false, "0101ff"); }},
      {"NoRevocationNotNull", "rfc9608.value", "ldevid", [](TbsParts& t) { t.set(kNoRevocation, false, "3000"); }},
      {"NoRevocationCritical", "rfc9608.critical", "ldevid", [](TbsParts& t) { t.set(kNoRevocation, true, "0500"); }},
      {"NoRevocationOfAuthority", "rfc9608.authority", "server-ca",
       [](TbsParts& t) { t.set(kNoRevocation, false, "0500"); }},
      {"NoRevocationButResponder", "rfc9608.pointer", "ldevid",
       [](TbsParts& t) {
         t.set(kAccess, false, sequence(sequence("06082b06010505073001" + named(0x86, "http://o.example/"))));
       }},
      {"IdentityWithoutSubject", "802.1ar.subject", "idevid", [](TbsParts& t) { t.subject = from_hex("3000"); }},
      {"IdentityWithoutSerial", "802.1ar.serial-number", "idevid",
       [](TbsParts& t) { t.set_subject(kCommonName, 0x0C, "lamp"); }},
      {"IdentityThatEnds", "802.1ar.no-end", "idevid",
       [](TbsParts& t) { t.validity = item(0x30, named(0x17, "261122130000Z") + named(0x17, "461122125959Z")); }},
      {"IdentityAsAuthority", "802.1ar.end-entity", "idevid", [](TbsParts& t) { t.set(kBasic, true, "30030101ff"); }},
      {"IdentityWithoutUsage", "802.1ar.key-usage", "idevid", [](TbsParts& t) { t.remove(kUsage); }},
      {"IdentityWithoutIssuer", "802.1ar.aki", "idevid", [](TbsParts& t) { t.remove(kIssuerKeyId); }},
      {"ModuleWithoutSerial", "802.1ar.hardware-module", "idevid",
       [](TbsParts& t) {
         t.set(kNames, false,
               sequence(hex(item(0xA0, "06082b06010505070804" + hex(item(0xA0, sequence("06022a030400")))))));
       }},
  };
  return all;
}

/// A good TBSCertificate of a profile and the facts of its issuer.
struct Sample {
  explicit Sample(const std::string& name) : ca{issuing_for(name)}, profile{test::delivered_profile(name)} {
    const bool authority = profile.authority.has_value();
    issuer = authority ? ca.root().facts() : ca.issuing().facts();
    if (authority) {
      const auto der = Certificate::parse(ca.issuing().chain().front()).tbs_der;
      tbs.assign(der.begin(), der.end());
      return;
    }
    const auto key = test::make_key();
    tbs =
        ca.reserve(profile, {{"name", "one.example"}, {"serial", "SL-1"}, {"model", "lamp"}, {"site", "s"}}, *key).tbs;
  }
  static std::string issuing_for(const std::string& profile) {
    if (profile.ends_with("-ca")) return profile;
    if (profile == "idevid" || profile == "ocsp-signer") return "device-ca";
    if (profile == "ldevid" || profile == "code-signing") return profile + "-ca";
    return profile == "tls-server" ? "server-ca" : "client-ca";
  }
  [[nodiscard]] std::vector<std::string> found(const Bytes& der) const { return rules(lint_tbs(der, profile, issuer)); }

  test::SmallCa ca;
  Profile profile;
  const IssuerFacts* issuer = nullptr;
  Bytes tbs;
};

class LintRuleTest : public testing::TestWithParam<Spoiled> {};

TEST_P(LintRuleTest, FindsTheBadCertificate) {
  const Sample sample{GetParam().profile};
  auto parts = TbsParts::of(sample.tbs);
  ASSERT_EQ(parts.der(), sample.tbs);
  ASSERT_THAT(sample.found(sample.tbs), IsEmpty());
  GetParam().spoil(parts);
  EXPECT_THAT(sample.found(parts.der()), Contains(GetParam().rule));
}

INSTANTIATE_TEST_SUITE_P(Table, LintRuleTest, testing::ValuesIn(spoiled()),
                         [](const auto& test_case) { return std::string{test_case.param.name}; });

/// Rules about lists are shown broken in lint_list_test.cpp, those about an issuer in lint_issuer_test.cpp.
bool shown_elsewhere(std::string_view rule) {
  return rule.starts_with("rfc5280.crl.") || rule == "rfc5280.signature.same" || rule == "rfc5280.issuer.authority" ||
         rule == "rfc5280.name-constraints.permitted" || rule == "rfc5280.name-constraints.excluded";
}

TEST(LintRules, HaveABadCertificateEach) {
  std::set<std::string_view> shown;
  for (const auto& one : spoiled()) shown.insert(one.rule);
  for (const auto& rule : lint_rules()) EXPECT_NE(shown.contains(rule.name), shown_elsewhere(rule.name)) << rule.name;
  for (const auto& rule : shown) EXPECT_NE(clause_of(rule), "the profile") << rule;
}

}  // namespace
}  // namespace lamp::pki
