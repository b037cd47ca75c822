#include "lib/pki/est.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "lib/pki/der.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using testing::HasSubstr;

std::vector<Bytes> certificates_in(ByteView signed_message) {
  der::Reader outer{signed_message};
  auto info = outer.enter(der::kSequence, "content info");
  EXPECT_EQ(der::object_id(info.next(der::kObjectId, "content type").content), "1.2.840.113549.1.7.2");
  auto data = info.enter(der::constructed_context(0), "content").enter(der::kSequence, "signed data");
  EXPECT_EQ(der::small_integer(data.next(der::kInteger, "version").content, "version"), 1U);
  EXPECT_TRUE(data.next(der::kSet, "digests").content.empty());
  static_cast<void>(data.next(der::kSequence, "content"));
  auto list = data.enter(der::constructed_context(0), "certificates");
  std::vector<Bytes> all;
  while (!list.at_end()) {
    const auto whole = list.next(der::kSequence, "certificate").whole;
    all.emplace_back(whole.begin(), whole.end());
  }
  EXPECT_TRUE(data.next(der::kSet, "signers").content.empty());
  data.end("signed data");
  return all;
}

TEST(Est, PutsCertificatesIntoAMessageWithoutSigner) {
  const test::SmallCa ca;
  const auto& chain = ca.issuing().chain();
  EXPECT_THAT(certificates_in(est::certificates_only(chain)), testing::UnorderedElementsAreArray(chain));
}

TEST(Est, ReadsWhatItWrites) {
  const test::SmallCa ca;
  const auto& chain = ca.issuing().chain();
  const auto message = est::certificates_only(chain);
  EXPECT_THAT(est::certificates_in(message), testing::UnorderedElementsAreArray(chain));
  for (std::size_t size = 0; size < message.size(); ++size)
    EXPECT_THROW((void)est::certificates_in(ByteView{message}.first(size)), Error) << size;
}

struct Message {
  const char* name;
  std::string signed_data;  ///< hex, content of SignedData
  std::string says;
};
void PrintTo(const Message& message, std::ostream* out) { *out << message.name; }

class NoCertificatesOnly : public testing::TestWithParam<Message> {};

TEST_P(NoCertificatesOnly, IsRefused) {
  const auto item = [](const std::string& tag, const Bytes& content) {
    auto whole = from_hex(tag);
    whole.push_back(static_cast<std::uint8_t>(content.size()));
    append(whole, content);
    return whole;
  };
  auto info = from_hex("06092a864886f70d010702");
  append(info, item("a0", item("30", from_hex(GetParam().signed_data))));
  const auto error = test::error_of([&] { return est::certificates_in(item("30", info)); });
  EXPECT_EQ(error.code(), Errc::bad_input);
  EXPECT_THAT(error.what(), HasSubstr(GetParam().says));
}

constexpr const char* kNoContent = "300b06092a864886f70d010701";
INSTANTIATE_TEST_SUITE_P(
    Hostile, NoCertificatesOnly,
    testing::Values(
        Message{"NoCertificate", std::string{"0201013100"} + kNoContent + "a0003100", "without a certificate"},
        Message{"AnotherVersion", std::string{"0201023100"} + kNoContent + "a00230003100", "unknown version"},
        Message{"ADigest", std::string{"02010131023000"} + kNoContent + "a00230003100", "digestAlgorithms"},
        Message{"AContent", "0201013100300f06092a864886f70d010701a0020400a00230003100", "without a content"},
        Message{"ASigner", std::string{"0201013100"} + kNoContent + "a002300031023000", "without a signer"},
        Message{"OtherContent", "0201013100300b06092a864886f70d010702a00230003100", "another type"},
        Message{"Trailing", std::string{"0201013100"} + kNoContent + "a002300031000500", "SignedData"}),
    [](const auto& given) { return given.param.name; });

TEST(Est, GivesTheSameMessageInWhicheverOrder) {
  const test::SmallCa ca;
  auto chain = ca.issuing().chain();
  const auto one = est::certificates_only(chain);
  std::reverse(chain.begin(), chain.end());
  EXPECT_EQ(est::certificates_only(chain), one);
}

TEST(Est, AsksForTheKeyOfTheProfile) {
  // SEQUENCE { SEQUENCE { ecPublicKey, SET { curve } }, ecdsa-with-SHA... }
  EXPECT_EQ(hex(est::request_attributes(test::delivered_profile("idevid").key)),
            "3021301506072a8648ce3d0201310a06082a8648ce3d03010706082a8648ce3d040302");
  EXPECT_EQ(hex(est::request_attributes(test::delivered_profile("root-ca").key)),
            "301e301206072a8648ce3d0201310706052b8104002206082a8648ce3d040303");
  KeyRule rsa;
  rsa.kind = KeyKind::rsa3072;
  EXPECT_EQ(hex(est::request_attributes(rsa)), "301e301106092a864886f70d010101310402020c0006092a864886f70d01010b");
}

struct Body {
  const char* name;
  std::string text;
  std::string expected;  ///< content, or what the refusal says
};
void PrintTo(const Body& body, std::ostream* out) { *out << body.name; }

class EstBody : public testing::TestWithParam<Body> {};

TEST_P(EstBody, IsReadWithAndWithoutLines) {
  EXPECT_EQ(to_text(est::decode_body(GetParam().text)), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Lenient, EstBody,
                         testing::Values(Body{"OneLine", "bGFtcGxpZ2h0ZXI=", "lamplighter"},
                                         Body{"Lines", "bGFt\ncGxp\nZ2h0ZXI=\n", "lamplighter"},
                                         Body{"MailLines", "bGFt\r\ncGxpZ2h0ZXI=\r\n\r\n", "lamplighter"},
                                         Body{"Blanks", "  bGFt\tcGxpZ2h0ZXI= ", "lamplighter"}),
                         [](const auto& given) { return given.param.name; });

class NoEstBody : public testing::TestWithParam<Body> {};

TEST_P(NoEstBody, IsRefusedWithoutQuotingIt) {
  const auto error = test::error_of([] { return est::decode_body(GetParam().text); });
  EXPECT_EQ(error.code(), Errc::bad_input);
  EXPECT_THAT(error.what(), HasSubstr(GetParam().expected));
}

INSTANTIATE_TEST_SUITE_P(
    Hostile, NoEstBody,
    testing::Values(Body{"Empty", "", "empty"}, Body{"OnlyBlanks", "\r\n \t", "empty"},
                    Body{"CutShort", "bGFtcGxpZ2h0ZXI", "multiple of 4"}, Body{"Der", "\x30\x82\x01\x02", "not base64"},
                    Body{"Pem", "-----BEGIN CERTIFICATE REQUEST-----", "base64"},
                    Body{"Zero", std::string("bGFt\0GxpZ2h0", 12), "not base64"},
                    Body{"DataAfterPadding", "bGE=bGE=", "not base64"}, Body{"StrayBits", "bGF=", "stray bits"},
                    Body{"TooLong", std::string(est::kRequestLimit + 4, 'A'), "longer than 16384"}),
    [](const auto& given) { return given.param.name; });

TEST(Est, WritesLinesThatEveryDecoderTakes) {
  const auto body = est::encode_body(Bytes(100, 'x'));
  EXPECT_EQ(body[64], '\n');
  EXPECT_EQ(body.back(), '\n');
  EXPECT_EQ(est::decode_body(body), Bytes(100, 'x'));
}

TEST(Est, KnowsAMediaTypeByItsName) {
  EXPECT_TRUE(est::is_media_type("application/pkcs10", est::kRequestType));
  EXPECT_TRUE(est::is_media_type("Application/PKCS10 ; charset=utf-8", est::kRequestType));
  EXPECT_FALSE(est::is_media_type("application/pkcs10x", est::kRequestType));
  EXPECT_FALSE(est::is_media_type("", est::kRequestType));
}

}  // namespace
}  // namespace lamp::pki
