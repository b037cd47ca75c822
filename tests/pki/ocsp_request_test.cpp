// Requests as foreign bytes: what is read, what is refused, and that every one of them gets an answer.
#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include <random>

#include "lib/pki/der.hpp"
#include "lib/pki/ocsp.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using testing::HasSubstr;

const std::string kHash20 = "0414" + std::string(40, '1');
const std::string kSha1 = "300906052b0e03021a0500";
const std::string kId = "303a" + kSha1 + kHash20 + kHash20 + "020101";  // 0x09 + 2 + 22 + 22 + 3 = 58

std::string wrap(const std::string& tag, const std::string& content) {
  const auto size = content.size() / 2;
  const auto octet = [](std::size_t value) { return hex(Bytes{static_cast<std::uint8_t>(value)}); };
  if (size < 0x80) return tag + octet(size) + content;
  if (size < 0x100) return tag + "81" + octet(size) + content;
  return tag + "82" + octet(size >> 8) + octet(size & 0xFF) + content;
}
std::string list_of(const std::string& ids) { return wrap("30", wrap("30", ids)); }
std::string request_of(const std::string& tbs) { return wrap("30", wrap("30", tbs)); }
const std::string kList = list_of(kId);
const std::string kNonce =
    "300f06092b0601050507300102"
    "0402"
    "0400";  // an empty one

TEST(OcspRequestTest, ReadsTheLeast) {
  const auto request = OcspRequest::parse(from_hex(request_of(kList)));
  ASSERT_EQ(request.wanted.size(), 1U);
  EXPECT_EQ(request.wanted[0].serial, "01");
  EXPECT_EQ(request.wanted[0].hash, OcspHash::sha1);
  EXPECT_FALSE(request.nonce);
}

TEST(OcspRequestTest, AcceptsAHashWithoutParametersAndOneThatNobodyKnows) {
  const auto without = wrap("30", "300706052b0e03021a" + kHash20 + kHash20 + "020101");
  EXPECT_EQ(OcspRequest::parse(from_hex(request_of(list_of(without)))).wanted[0].hash, OcspHash::sha1);
  const auto sha512 = wrap("30", "300b0609608648016503040203" + kHash20 + kHash20 + "020101");
  EXPECT_FALSE(OcspRequest::parse(from_hex(request_of(list_of(sha512)))).wanted[0].hash);
}

TEST(OcspRequestTest, AcceptsTheVersionWrittenOut) {
  EXPECT_EQ(OcspRequest::parse(from_hex(request_of("a003020100" + kList))).wanted.size(), 1U);
}

TEST(OcspRequestTest, AcceptsASignatureAndARequestor) {
  const auto name = wrap("a1", wrap("82", hex(as_bytes("example.org"))));
  const auto signature = wrap("a0", wrap("30",
                                         "300a06082a8648ce3d040302"
                                         "030200ff"));
  const auto signed_request = wrap("30", wrap("30", name + kList) + signature);
  EXPECT_EQ(OcspRequest::parse(from_hex(signed_request)).wanted.size(), 1U);
}

struct Malformed {
  const char* name;
  std::string request, says;
};
void PrintTo(const Malformed& m, std::ostream* os) { *os << m.name; }

class OcspMalformed : public testing::TestWithParam<Malformed> {};

TEST_P(OcspMalformed, IsRefusedByName) {
  const auto error = test::error_of([] { return OcspRequest::parse(from_hex(GetParam().request)); });
  EXPECT_EQ(error.code(), Errc::bad_input);
  EXPECT_THAT(error.what(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Requests, OcspMalformed,
    testing::Values(
        Malformed{"Nothing", "", "missing"}, Malformed{"NotASequence", "0500", "OCSPRequest"},
        Malformed{"MoreAfterIt", request_of(kList) + "00", "more bytes"},
        Malformed{"IndefiniteLength", "3080" + wrap("30", kList) + "0000", "indefinite"},
        Malformed{"NoCertificate", request_of("3000"), "names no certificate"},
        Malformed{"UnknownVersion", request_of("a003020101" + kList), "unknown version"},
        Malformed{"ShortHash", request_of(list_of(wrap("30", kSha1 + "0401ff" + kHash20 + "020101"))), "wrong length"},
        Malformed{"EmptySerial", request_of(list_of(wrap("30", kSha1 + kHash20 + kHash20 + "0200"))), "empty INTEGER"},
        Malformed{"SerialNotShortest", request_of(list_of(wrap("30", kSha1 + kHash20 + kHash20 + "02020001"))),
                  "shortest"},
        Malformed{"EndlessSerial",
                  request_of(list_of(wrap("30", kSha1 + kHash20 + kHash20 + wrap("02", std::string(130, '1'))))),
                  "65 octets"},
        Malformed{"EmptyNonce", request_of(kList + wrap("a2", wrap("30", kNonce))), "nonce of 0 octets"},
        Malformed{"ExtensionTwice",
                  request_of(kList + wrap("a2", wrap("30", wrap("30", "0601290400") + wrap("30", "0601290400")))),
                  "twice"},
        Malformed{"CriticalStranger", request_of(kList + wrap("a2", wrap("30", wrap("30", "0601290101ff0400")))),
                  "critical extension"},
        Malformed{"CriticalFalseWritten", request_of(kList + wrap("a2", wrap("30", wrap("30", "0601290101000400")))),
                  "DER forbids"},
        Malformed{"NoExtensions", request_of(kList + "a2023000"), "empty list"},
        Malformed{"TooManyCertificates",
                  request_of(wrap("30",
                                  [] {
                                    std::string all;
                                    for (int i = 0; i < 65; ++i) all += wrap("30", kId);
                                    return all;
                                  }())),
                  "more than 64"}),
    [](const auto& one) { return one.param.name; });

class OcspNoise : public testing::Test {
 protected:
  /// An OCSPResponse that begins as one must, whatever was asked.
  void expect_answer(const Bytes& request) {
    const auto said = answer_ocsp(ca_.database(), {&authority_, 1}, request, test::kNow, test::rng());
    der::Reader outer{said};
    auto fields = outer.enter(der::kSequence, "OCSPResponse");
    const auto status = fields.next(der::kEnumerated, "responseStatus").content;
    ASSERT_EQ(status.size(), 1U);
    ASSERT_EQ(fields.at_end(), status[0] != 0);
  }
  /// One certificate asked for, with a nonce.
  Bytes good() {
    const auto id = encode_certificate_id(IssuerId::of(ca_.issuing().chain().front()), OcspHash::sha1, "4711");
    return encode_ocsp_request({id}, Bytes(16, 0xA5));
  }
  test::SmallCa ca_;
  OcspAuthority authority_{"issuing", ca_.issuing().chain().front()};
};

TEST_F(OcspNoise, EveryBitFlipGetsAnAnswer) {
  const auto request = good();
  for (std::size_t bit = 0; bit < request.size() * 8; ++bit) {
    auto flipped = request;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << bit % 8);
    expect_answer(flipped);
  }
}

TEST_F(OcspNoise, EveryOtherByteGetsAnAnswer) {
  const auto request = good();
  for (std::size_t at = 0; at < request.size(); ++at)
    for (unsigned value = 0; value < 256; value += 3) {
      auto changed = request;
      changed[at] = static_cast<std::uint8_t>(value);
      expect_answer(changed);
    }
}

TEST_F(OcspNoise, EveryPieceCutOffGetsAnAnswer) {
  const auto request = good();
  for (std::size_t size = 0; size < request.size(); ++size)
    expect_answer({request.begin(), request.begin() + static_cast<std::ptrdiff_t>(size)});
}

TEST_F(OcspNoise, RandomChangesGetAnAnswer) {
  std::mt19937 dice{20261122};
  const auto request = good();
  for (int round = 0; round < 5000; ++round) {
    auto changed = request;
    for (auto n = dice() % 8 + 1; n > 0; --n) {
      const auto at = static_cast<std::ptrdiff_t>(dice() % changed.size());
      const auto kind = dice() % 3;
      if (kind == 0)
        changed[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(dice());
      else if (kind == 1 && changed.size() > 8)
        changed.erase(changed.begin() + at);
      else
        changed.insert(changed.begin() + at, static_cast<std::uint8_t>(dice()));
    }
    expect_answer(changed);
  }
}

}  // namespace
}  // namespace lamp::pki
