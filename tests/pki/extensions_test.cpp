// Extensions that the delivered profiles do not all ask for, and values that come out of a request.
#include "lib/pki/extensions.hpp"

#include <botan/pk_keys.h>
#include <botan/rsa.h>
#include <gmock/gmock.h>

#include "lib/pki/der.hpp"
#include "lib/pki/lint.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/request_values.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Subject kUser{{"name", "ann"}, {"site", "site.example"}, {"email", "ann@my.example"}, {"project", "tower"}};

std::string extension_hex(const Bytes& certificate, std::string_view oid) {
  const auto parsed = Certificate::parse(certificate);
  const auto* extension = parsed.tbs.find(oid);
  return extension == nullptr ? "none" : (extension->critical ? "critical " : "") + hex(extension->value);
}

TEST(Extensions, NameWhereAnswersAndTheIssuerAre) {
  test::SmallCa ca{"server-ca"};
  const auto key = test::make_key();
  const auto profile = test::changed_profile("tls-server", "ocsp-url: none\nissuer-url: none",
                                             "ocsp-url: http://o.example/\nissuer-url: http://i.example/ca");
  const auto issued = ca.issue(profile, {{"name", "a.example"}}, *key).certificate;
  // Both AccessDescriptions: method 1.3.6.1.5.5.7.48.1 or .2, then [6] with the address.
  const std::string ocsp =
      "301d"
      "06082b06010505073001"
      "8611" +
      hex(as_bytes("http://o.example/"));
  const std::string issuers =
      "301f"
      "06082b06010505073002"
      "8613" +
      hex(as_bytes("http://i.example/ca"));
  EXPECT_EQ(extension_hex(issued, oid::kAuthorityInformationAccess), "3040" + ocsp + issuers);
}

TEST(Extensions, SayThatNoRevocationIsAvailableWhenTheProfileSaysSo) {
  test::SmallCa ca{"ldevid-ca"};
  const auto key = test::make_key();
  const auto issued =
      ca.issue(test::delivered_profile("ldevid"), {{"serial", "SL-1"}, {"model", "lamp"}}, *key).certificate;
  EXPECT_EQ(extension_hex(issued, oid::kNoRevocationAvailable), "0500");
  EXPECT_EQ(extension_hex(issued, oid::kOcspNoCheck), "none");
}

TEST(Extensions, TellNobodyToAskAboutAResponder) {
  test::SmallCa ca{"device-ca"};
  const auto key = test::make_key();
  const auto issued =
      ca.issue(test::delivered_profile("ocsp-signer"), {{"name", "device"}, {"site", "s"}}, *key).certificate;
  EXPECT_EQ(extension_hex(issued, oid::kOcspNoCheck), "0500");
}

TEST(Extensions, CarryMailAndAddressesOfAllKinds) {
  test::SmallCa ca{"client-ca"};
  const auto key = test::make_key();
  const auto profile =
      test::changed_profile("user", "  - email: \"{email}\"", "  - email: \"{email}\"\n  - ip: \"{ips[]}\"");
  auto values = kUser;
  values["ips"] = "192.0.2.1,2001:db8::1";
  const auto issued = ca.issue(profile, values, *key).certificate;
  const auto parsed = Certificate::parse(issued);
  std::vector<std::string> names;
  for (const auto& name : general_names(parsed.tbs.find(oid::kSubjectAlternativeName)->value))
    names.push_back(name.tag == der::context(7) ? hex(as_bytes(name.text)) : name.text);
  EXPECT_THAT(names, ElementsAre("ann@my.example", "c0000201", "20010db8000000000000000000000001",
                                 "https://site.example/projects/tower"));
}

TEST(Extensions, HoldAnRsaKeyWhereTheProfileAsksForOne) {
  test::SmallCa ca{"code-signing-ca"};
  const auto profile = test::changed_profile("code-signing", "kind: p256", "kind: rsa3072");
  const Botan::RSA_PrivateKey key{test::rng(), 3072}, small{test::rng(), 2048};
  const Subject subject{{"name", "boot"}, {"site", "s"}};
  EXPECT_TRUE(lint_certificate(ca.issue(profile, subject, key).certificate, &profile, ca.issuing().facts()).empty());
  EXPECT_THAT(test::error_of([&] { return ca.issue(profile, {{"name", "b"}, {"site", "s"}}, small); }).what(),
              HasSubstr("has RSA-2048 where the profile has RSA-3072 [profile.key]"));
}

TEST(RequestValues, AreTakenOnlyWhereATemplateNamesThem) {
  const auto profile = test::changed_profile("user", "CN: \"{name}\"", "CN: \"{request.CN}\"");
  Subject values{{"request.OU", "forged"}};
  add_request_values(values, profile,
                     {{"2.5.4.3", der::kUtf8String, "ann"}, {"2.5.4.11", der::kUtf8String, "operator"}}, {});
  EXPECT_EQ(values, (Subject{{"request.CN", "ann"}}));
}

TEST(RequestValues, GiveListsOfAlternativeNames) {
  const auto profile = test::changed_profile("load-balancer", "- dns: \"{names[]}\"",
                                             "- dns: \"{request.dns[]}\"\n  - ip: \"{request.ip[]}\"");
  Subject values;
  GeneralName a, b, address;
  a.tag = b.tag = der::context(2);
  a.text = "a.example";
  b.text = "b.example";
  address.tag = der::context(7);
  address.text = std::string{"\xC0\x00\x02\x01", 4};
  add_request_values(values, profile, {}, {a, b, address});
  EXPECT_EQ(values, (Subject{{"request.dns", "a.example,b.example"}, {"request.ip", "192.0.2.1"}}));
  a.text = "a.example,evil.example";
  EXPECT_EQ(test::error_of([&] { return add_request_values(values, profile, {}, {a}), 0; }).code(), Errc::denied);
  a.text = std::string{"a\0.example", 10};
  EXPECT_THAT(test::error_of([&] { return add_request_values(values, profile, {}, {a}), 0; }).what(),
              HasSubstr("{request.dns}"));
}

TEST(RequestValues, RefuseTwoOfOneAttribute) {
  const auto profile = test::changed_profile("user", "CN: \"{name}\"", "CN: \"{request.CN}\"");
  Subject values;
  const NameAttribute name{"2.5.4.3", der::kUtf8String, "ann"};
  EXPECT_EQ(test::error_of([&] { return add_request_values(values, profile, {name, name}, {}), 0; }).code(),
            Errc::denied);
}

}  // namespace
}  // namespace lamp::pki
