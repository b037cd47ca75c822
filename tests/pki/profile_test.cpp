#include "lib/pki/profile.hpp"

#include <gmock/gmock.h>

#include "lib/config/yaml.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using testing::HasSubstr;

struct Mistake {
  const char* name;
  const char* profile;
  const char* line;
  const char* by;
  const char* place;
  const char* says;
};
void PrintTo(const Mistake& c, std::ostream* os) { *os << c.name; }
class ProfileMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ProfileMistake, IsRefusedAtItsLineAndColumn) {
  const auto& c = GetParam();
  const auto error = test::error_of([&] { return test::changed_profile(c.profile, c.line, c.by); });
  EXPECT_EQ(error.code(), Errc::bad_input);
  EXPECT_THAT(error.what(), HasSubstr(std::string{c.profile} + ".yaml:" + c.place));
  EXPECT_THAT(error.what(), HasSubstr(c.says));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ProfileMistake,
    testing::Values(
        Mistake{"UnknownKey", "idevid", "crl-url: none", "crl-uri: none", "26:10", "'crl-uri' is not known"},
        Mistake{"UnknownStandard", "idevid", "ieee-802.1ar", "ieee-802.1x", "5:11", "none of rfc5280, ieee-802.1ar"},
        Mistake{"OpenPlaceholder", "idevid", "identity: \"{serial}\"", "identity: \"{serial\"", "6:11", "placeholder"},
        Mistake{"UnknownAttribute", "idevid", "- O: Example", "- XX: Example", "8:", "'XX' is no subject attribute"},
        Mistake{"BadHardwareType", "idevid", "1.3.6.1.4.1.32473.1\n", "lamp\n", "14:13", "no object identifier"},
        Mistake{"KeyKind", "idevid", "kind: p256", "kind: p521", "17:9", "none of p256, p384"},
        Mistake{"ClippedIdentity", "idevid", "beyond-issuer: refuse", "beyond-issuer: clip", "22:16",
                "cannot be clipped"},
        Mistake{"IdentityThatEnds", "idevid", "lifetime: none", "lifetime: 20 years", "21:11", "IEEE 802.1AR"},
        Mistake{"IdentityWithoutSerial", "idevid", "- serialNumber:", "- OU:", "8:", "has a serialNumber"},
        Mistake{"LeafThatSigns", "idevid", "[digitalSignature]", "[digitalSignature, keyCertSign]", "24:12",
                "for authorities"},
        Mistake{"IdentityAsAuthority", "idevid", "authority: none", "authority: some", "23:12", "path-length"},
        Mistake{"KeyRole", "officer", "role: officer", "role: boss", "16:9", "none of officer"},
        Mistake{"UsageTwice", "officer", "[digitalSignature]", "[digitalSignature, digitalSignature]", "20:31",
                "twice"},
        Mistake{"UnknownUsage", "officer", "[clientAuth]", "[clientAuthority]", "21:22", "no extended key usage"},
        Mistake{"NoUsage", "officer", "[digitalSignature]", "[]", "20:12", "at least one"},
        Mistake{"OddLifetime", "officer", "365 days", "365 moons", "17:11", "neither 'none'"},
        Mistake{"LongLifetime", "officer", "365 days", "36501 days", "17:11", "36500"},
        Mistake{"HttpsCrl", "officer", "crl-url: none", "crl-url: https://x/crl", "22:10", "http://"},
        Mistake{"AuthorityWithoutSign", "device-ca", "[keyCertSign, cRLSign]", "[cRLSign]", "21:12",
                "needs keyCertSign"},
        Mistake{"AuthorityElsewhere", "device-ca", "token: authority", "token: server", "12:3", "token 'authority'"},
        Mistake{"UnknownName", "user", "- email:", "- mail:", "11:5", "none of dns, email, uri, ip, hardware-module"},
        Mistake{"ListInSubject", "user", "CN: \"{name}\"", "CN: \"{names[]}\"", "9:9", "only for alternative names"},
        Mistake{"TwoLists", "load-balancer", "{names[]}", "{names[]}{other[]}", "12:10", "one placeholder"},
        Mistake{"OddList", "load-balancer", "{names[]}", "{names]}", "12:10", "{names[]}"},
        Mistake{"NameAfterList", "load-balancer", "- dns: \"{name}\"", "- dns: \"{names[]}\"", "12:5",
                "last of its kind"},
        Mistake{"ConstrainedLeaf", "user", "name-constraints: none",
                "name-constraints: {permitted: [{dns: a.example}], excluded: []}", "25:19", "only an authority"},
        Mistake{"EmptyConstraints", "server-ca", "name-constraints: none",
                "name-constraints: {permitted: [], excluded: []}", "24:19", "write 'none'"},
        Mistake{"OddConstraint", "server-ca", "name-constraints: none",
                "name-constraints: {permitted: [{ip: 10.0.0.1/8}], excluded: []}", "24:37", "beyond its prefix"},
        Mistake{"ConstraintOnMaker", "server-ca", "name-constraints: none",
                "name-constraints: {permitted: [{hardware-module: x}], excluded: []}", "24:32", "none of dns, email"},
        Mistake{"DottedConstraint", "server-ca", "name-constraints: none",
                "name-constraints: {permitted: [{dns: .a.example}], excluded: []}", "24:38", "no dns name constraint"},
        Mistake{"FtpOcsp", "user", "ocsp-url: none", "ocsp-url: ftp://x/", "26:11", "http://"},
        Mistake{"NoRevocationButList", "ldevid", "crl-url: none", "crl-url: http://x.example/c", "30:26", "RFC 9608"},
        Mistake{"NoRevocationForYears", "ldevid", "lifetime: 7 days", "lifetime: 1 years", "30:26", "at most 90 days"},
        Mistake{"NoRevocationOfAuthority", "server-ca", "available: false", "available: true", "27:26", "RFC 9608"},
        Mistake{"NoCheckOfServer", "tls-server", "ocsp-no-check: false", "ocsp-no-check: true", "27:16", "OCSPSigning"},
        Mistake{"ResponderAndMore", "ocsp-signer", "[OCSPSigning]", "[OCSPSigning, clientAuth]", "22:21",
                "for nothing else"},
        Mistake{"TimeStamps", "tls-server", "[serverAuth]", "[timeStamping]", "21:21", "not issued here"},
        Mistake{"FlagNotBoolean", "tls-server", "ocsp-no-check: false", "ocsp-no-check: no", "27:16", "true"},
        Mistake{"AuthorityAsResponder", "server-ca", "extended-key-usage: []", "extended-key-usage: [OCSPSigning]",
                "22:21", "no OCSP responder"},
        Mistake{"RsaAuthority", "server-ca", "kind: p256", "kind: rsa3072", "12:3", "p256 or p384"},
        Mistake{"LongPath", "device-ca", "path-length: 0", "path-length: 99", "19:16", "10"}),
    [](const auto& test_case) { return std::string{test_case.param.name}; });

TEST(Profile, InAFileOfAnotherNameIsRefused) {
  const auto file = std::filesystem::path{LAMP_SOURCE_DIR} / "templates/profiles/officer.yaml";
  EXPECT_EQ(Profile::load(file).name, "officer");
  const test::TemporaryDirectory folder;
  std::filesystem::copy_file(file, folder / "guard.yaml");
  const auto error = test::error_of([&] { return Profile::load(folder / "guard.yaml"); });
  EXPECT_THAT(error.what(), HasSubstr("is to be named 'guard'"));
}

TEST(Template, FillsPlaceholdersAndNamesTheOneThatIsMissing) {
  const auto text = Template::parse("{model} {serial}");
  EXPECT_EQ(text.expand({{"model", "smart-lamp"}, {"serial", "SL-26-000001"}}), "smart-lamp SL-26-000001");
  EXPECT_THAT(test::error_of([&] { return text.expand({{"model", "smart-lamp"}}); }).what(), HasSubstr("{serial}"));
  EXPECT_THAT(test::error_of([&] { return text.expand({{"model", ""}, {"serial", "1"}}); }).what(),
              HasSubstr("{model}"));
}

TEST(Template, MakesOneTextOfEachValueOfAList) {
  const auto text = Template::parse("{names[]}.example");
  EXPECT_THAT(text.expand_all({{"names", "a,b"}}), testing::ElementsAre("a.example", "b.example"));
  EXPECT_THAT(Template::parse("{name}").expand_all({{"name", "a,b"}}), testing::ElementsAre("a,b"));
  EXPECT_THAT(test::error_of([&] { return text.expand_all({{"names", "a,,b"}}); }).what(), HasSubstr("names=one,two"));
  EXPECT_THAT(test::error_of([&] { return text.expand_all({}); }).what(), HasSubstr("{names}"));
}

struct End {
  const char* name;
  Lifetime lifetime;
  const char* begin;
  const char* end;
};
void PrintTo(const End& c, std::ostream* os) { *os << c.name; }
class LifetimeEnd : public testing::TestWithParam<End> {};

TEST_P(LifetimeEnd, IncludesItsLastSecond) {
  EXPECT_EQ(format_instant(GetParam().lifetime.end(parse_instant(GetParam().begin))), GetParam().end);
}

INSTANTIATE_TEST_SUITE_P(
    Table, LifetimeEnd,
    testing::Values(End{"None", {}, "2026-11-22T13:00:00Z", "9999-12-31T23:59:59Z"},
                    End{"Days", {Lifetime::Unit::days, 90}, "2026-11-22T13:00:00Z", "2027-02-20T12:59:59Z"},
                    End{"Years", {Lifetime::Unit::years, 5}, "2026-11-22T13:00:00Z", "2031-11-22T12:59:59Z"},
                    End{"LeapDay", {Lifetime::Unit::years, 1}, "2028-02-29T00:00:00Z", "2029-02-27T23:59:59Z"}),
    [](const auto& test_case) { return std::string{test_case.param.name}; });

}  // namespace
}  // namespace lamp::pki
