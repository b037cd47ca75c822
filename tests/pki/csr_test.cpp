#include "lib/pki/csr.hpp"

#include <botan/pem.h>
#include <botan/rsa.h>
#include <gmock/gmock.h>

#include <functional>

#include "lib/base/file.hpp"
#include "lib/pki/names.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_request.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::pki {
namespace {

using test::attribute;
using test::extension;
using test::extension_request;
using test::make_request;
using test::sequence;
using testing::HasSubstr;

Bytes dns_names(const std::string& name) {
  Bytes out;
  Botan::DER_Encoder{out}
      .start_sequence()
      .add_object(Botan::ASN1_Type{2}, Botan::ASN1_Class::ContextSpecific, name)
      .end_cons();
  return out;
}

Bytes challenge(const std::string& text) {
  Bytes value;
  Botan::DER_Encoder{value}.add_object(Botan::ASN1_Type::PrintableString, Botan::ASN1_Class::Universal, text);
  return attribute("1.2.840.113549.1.9.7", value);
}

TEST(CertificateRequests, AreReadWholeWhenTheirKeyProvesItself) {
  const auto key = test::make_key();
  auto attributes = extension_request(extension("2.5.29.17", dns_names("lamp.example")));
  append(attributes, challenge("dGxzLXVuaXF1ZQ=="));
  const auto request =
      parse_request(make_request(*key, {.public_key_info = key->subject_public_key(), .attributes = attributes}));
  EXPECT_EQ(request.public_key_info, key->subject_public_key());
  ASSERT_EQ(request.subject_attributes.size(), 1U);
  EXPECT_EQ(request.subject_attributes[0].text, "from the request");
  ASSERT_EQ(request.alternative_names.size(), 1U);
  EXPECT_EQ(request.alternative_names[0].text, "lamp.example");
  EXPECT_EQ(request.challenge, "dGxzLXVuaXF1ZQ==");
}

TEST(CertificateRequests, MayBeSignedByTheLargerCurveAndByRsa) {
  const auto large = test::make_key("secp384r1");
  EXPECT_NO_THROW((void)parse_request(make_request(
      *large,
      {.public_key_info = large->subject_public_key(), .algorithm = "1.2.840.10045.4.3.3", .padding = "SHA-384"})));
  const Botan::RSA_PrivateKey rsa{test::rng(), 2048};
  EXPECT_NO_THROW((void)parse_request(make_request(rsa, {.public_key_info = rsa.subject_public_key(),
                                                         .algorithm = "1.2.840.113549.1.1.11",
                                                         .padding = "PKCS1v15(SHA-256)"})));
}

struct Hostile {
  const char* name;
  std::function<Bytes(const Botan::Private_Key&)> make;
  Errc code;
  std::string says;
};
void PrintTo(const Hostile& c, std::ostream* out) { *out << c.name; }

std::string case_name(const testing::TestParamInfo<Hostile>& info) { return info.param.name; }

class HostileRequests : public testing::TestWithParam<Hostile> {};

TEST_P(HostileRequests, AreRefusedWithRuleAndField) {
  const auto key = test::make_key();
  const auto der = GetParam().make(*key);
  const auto error = test::error_of([&] { return parse_request(der); });
  EXPECT_EQ(error.code(), GetParam().code) << error.what();
  EXPECT_THAT(error.what(), HasSubstr(GetParam().says));
}

Bytes with_attributes(const Botan::Private_Key& key, const Bytes& attributes) {
  return make_request(key, {.public_key_info = key.subject_public_key(), .attributes = attributes});
}

Bytes with_point(const Botan::Private_Key& key, const std::function<void(Bytes&)>& change) {
  auto info = key.subject_public_key();
  change(info);
  return make_request(key, {.public_key_info = info});
}

Bytes of_curve(const std::string& curve) { return make_request(*test::make_key(curve)); }

Bytes of_weak_rsa(const Botan::Private_Key&) {
  const Botan::RSA_PrivateKey rsa{test::rng(), 1024};
  return make_request(rsa, {.public_key_info = rsa.subject_public_key(),
                            .algorithm = "1.2.840.113549.1.1.11",
                            .padding = "PKCS1v15(SHA-256)"});
}

Bytes many_extensions(int count) {
  Bytes all;
  for (int i = 1; i <= count; ++i) append(all, extension("1.3.6.1.4.1.32473." + std::to_string(i), {5, 0}));
  return extension_request(all);
}

INSTANTIATE_TEST_SUITE_P(
    Signature, HostileRequests,
    testing::Values(Hostile{"ByAnotherKey",
                            [](const auto& key) {
                              return make_request(key, {.public_key_info = test::make_key()->subject_public_key()});
                            },
                            Errc::denied, "signature does not prove possession"},
                    Hostile{"OfOtherBytes",
                            [](const auto& key) {
                              auto der = make_request(key);
                              const std::string name = "from the request";
                              *std::search(der.begin(), der.end(), name.begin(), name.end()) = 'F';
                              return der;
                            },
                            Errc::denied, "[csr.signature]"},
                    Hostile{"WithSha1",
                            [](const auto& key) {
                              return make_request(
                                  key, {.public_key_info = key.subject_public_key(), .algorithm = "1.2.840.10045.4.1"});
                            },
                            Errc::denied, "[csr.signature.algorithm]"},
                    Hostile{"NamedAsRsa",
                            [](const auto& key) {
                              return make_request(key, {.public_key_info = key.subject_public_key(),
                                                        .algorithm = "1.2.840.113549.1.1.11"});
                            },
                            Errc::denied, "[csr.signature.algorithm]"}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Key, HostileRequests,
    testing::Values(
        Hostile{"ForbiddenCurve", [](const auto&) { return of_curve("secp521r1"); }, Errc::denied,
                "subjectPublicKey curve 1.3.132.0.35 is not P-256 or P-384 [csr.key.curve]"},
        Hostile{"OffItsCurve", [](const auto& key) { return with_point(key, [](Bytes& der) { der.back() ^= 1; }); },
                Errc::denied, "subjectPublicKey is not a point of its curve [csr.key.point]"},
        Hostile{"CompressedPoint",
                [](const auto& key) { return with_point(key, [](Bytes& der) { der[der.size() - 65] = 0x02; }); },
                Errc::denied, "[csr.key.point]"},
        Hostile{"WeakRsa", of_weak_rsa, Errc::denied, "RSA of 1024 bits; 2048 to 8192 are taken"}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Grammar, HostileRequests,
    testing::Values(
        Hostile{"Empty", [](const auto&) { return Bytes{}; }, Errc::bad_input, "request missing [csr.der]"},
        Hostile{"NoDer", [](const auto&) { return to_bytes("hello"); }, Errc::bad_input, "[csr.der]"},
        Hostile{"CutOff",
                [](const auto& key) {
                  auto der = make_request(key);
                  der.pop_back();
                  return der;
                },
                Errc::bad_input, "request cut off"},
        Hostile{"TrailingOctet",
                [](const auto& key) {
                  auto der = make_request(key);
                  der.push_back(0);
                  return der;
                },
                Errc::bad_input, "request more bytes after its end"},
        Hostile{"Version2",
                [](const auto& key) {
                  return make_request(key, {.public_key_info = key.subject_public_key(), .version = 1});
                },
                Errc::bad_input, "version is 2 where only 1 exists [csr.version]"},
        Hostile{"Huge", [](const auto&) { return Bytes(20000, 0x30); }, Errc::denied, "[csr.size]"},
        Hostile{"HugeExtension",
                [](const auto& key) {
                  return with_attributes(key, extension_request(extension("1.3.6.1.4.1.32473.1", Bytes(5000, 7))));
                },
                Errc::denied, "1.3.6.1.4.1.32473.1 has 5000 octets; at most 4096 are read [csr.extension.size]"},
        Hostile{"ManyExtensions", [](const auto& key) { return with_attributes(key, many_extensions(17)); },
                Errc::denied, "more than 16 extensions [csr.extension.size]"},
        Hostile{"ExtensionTwice",
                [](const auto& key) {
                  auto twice = extension("2.5.29.17", dns_names("a.example"));
                  append(twice, extension("2.5.29.17", dns_names("b.example")));
                  return with_attributes(key, extension_request(twice));
                },
                Errc::bad_input, "subjectAltName is requested twice [csr.extension.once]"},
        Hostile{"AttributeTwice",
                [](const auto& key) {
                  auto twice = challenge("a");
                  append(twice, challenge("b"));
                  return with_attributes(key, twice);
                },
                Errc::bad_input, "[csr.attribute.once]"},
        Hostile{"LongChallenge", [](const auto& key) { return with_attributes(key, challenge(std::string(256, 'a'))); },
                Errc::bad_input, "[csr.challenge]"}),
    case_name);

TEST(CertificateRequests, SurviveEveryChangedOctet) {
  const auto good = make_request(*test::make_key());
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto changed = good;
    changed[at] ^= 0x80;
    EXPECT_TRUE(std::holds_alternative<RequestRefusal>(check_request(changed))) << "octet " << at;
  }
}

TEST(CertificateRequests, SurviveEveryLength) {
  const auto good = make_request(*test::make_key());
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_TRUE(std::holds_alternative<RequestRefusal>(check_request(ByteView{good}.first(size)))) << size;
}

TEST(PublicKeys, AreTakenOnTheirCurveOnly) {
  auto info = test::make_key()->subject_public_key();
  EXPECT_FALSE(check_public_key(info));
  info.back() ^= 1;
  const auto refusal = check_public_key(info);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->rule, "csr.key.point");
}

class RequestFiles : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& text) {
    const auto file = directory_ / "request";
    publish(file, text);
    return file;
  }
  test::TemporaryDirectory directory_;
  Bytes der_ = make_request(*test::make_key());
};

TEST_F(RequestFiles, HoldDerOrPem) {
  EXPECT_EQ(read_request_file(write(to_text(der_))), der_);
  EXPECT_EQ(read_request_file(write("a comment\n" + Botan::PEM_Code::encode(der_, "CERTIFICATE REQUEST"))), der_);
  EXPECT_EQ(request_from_text(base64(der_)), der_);
}

TEST_F(RequestFiles, HoldOneRequestAndNothingElse) {
  const auto pem = Botan::PEM_Code::encode(der_, "CERTIFICATE REQUEST");
  EXPECT_THAT(test::error_of([&] { return read_request_file(write(pem + pem)); }).what(), HasSubstr("more than one"));
  EXPECT_THAT(
      test::error_of([&] { return read_request_file(write(Botan::PEM_Code::encode(der_, "CERTIFICATE"))); }).what(),
      HasSubstr("a PEM block of CERTIFICATE where CERTIFICATE REQUEST is expected"));
  EXPECT_EQ(test::error_of([&] { return read_request_file(write("neither")); }).code(), Errc::bad_input);
}

}  // namespace
}  // namespace lamp::pki
