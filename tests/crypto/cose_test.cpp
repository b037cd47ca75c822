#include "lib/crypto/cose.hpp"

#include <botan/ec_apoint.h>
#include <botan/rsa.h>
#include <gmock/gmock.h>

#include "lib/crypto/cbor.hpp"
#include "tests/crypto/keys.hpp"

namespace lamp::cose {
namespace {

using testing::HasSubstr;
using testing_keys::ml_dsa_87;
using testing_keys::p256;
using testing_keys::p384;
using testing_keys::rsa3072;

auto& rng() { return Botan::system_rng(); }
const Bytes kPayload = to_bytes("this is signed");

Bytes signed_by(const Botan::Private_Key& key, Payload payload_is = Payload::detached, ByteView extra = {}) {
  return sign1(key, rng(), kPayload, "test-v1", payload_is, extra);
}

std::string objection(const Verdict& verdict) { return verdict.objections.empty() ? "" : verdict.objections.front(); }

TEST(CoseAlgorithm, FollowsTheKey) {
  EXPECT_EQ(algorithm_for(p256()), Algorithm::esp256);
  EXPECT_EQ(algorithm_for(p384()), Algorithm::esp384);
  EXPECT_EQ(algorithm_for(rsa3072()), Algorithm::ps256);
}

TEST(CoseAlgorithm, RefusesAShortRsaKey) {
  const Botan::RSA_PrivateKey short_key{rng(), 2048};
  EXPECT_THROW((void)algorithm_for(short_key), Error);
}

TEST(CoseAlgorithm, HasMlDsaBesideAReleaseKeyOnly) {
  EXPECT_EQ(algorithm_for(ml_dsa_87(), Use::hybrid_release), Algorithm::ml_dsa_87);
  EXPECT_THROW((void)algorithm_for(ml_dsa_87()), Error);
  EXPECT_THROW((void)algorithm_for(rsa3072(), Use::hybrid_release), Error);
  const Botan::ML_DSA_PrivateKey weaker{rng(), Botan::ML_DSA_Mode::ML_DSA_6x5};
  EXPECT_THROW((void)algorithm_for(weaker, Use::hybrid_release), Error);
  EXPECT_THROW((void)algorithm_for(weaker), Error);
}

TEST(CoseSign1As, SignsByPs512) {
  const auto message = sign1_as(Algorithm::ps512, rsa3072(), rng(), kPayload, "test-v1");
  EXPECT_EQ(parse_sign1(message).algorithm, Algorithm::ps512);
  EXPECT_EQ(objection(verify1(parse_sign1(message), rsa3072(), kPayload, "test-v1")), "");
}

TEST(CoseSign1As, SignsByMlDsaForOneUse) {
  const auto message = sign1_as(Algorithm::ml_dsa_87, ml_dsa_87(), rng(), kPayload, "");
  const auto parsed = parse_sign1(message);
  EXPECT_EQ(parsed.signature.size(), 4627U);
  EXPECT_EQ(objection(verify1(parsed, ml_dsa_87(), kPayload, "", Use::hybrid_release)), "");
  EXPECT_THAT(objection(verify1(parsed, ml_dsa_87(), kPayload, "")), HasSubstr("does not fit"));
  EXPECT_THAT(objection(verify1(parsed, ml_dsa_87(), to_bytes("other"), "", Use::hybrid_release)),
              HasSubstr("does not match"));
}

TEST(CoseSign1As, RefusesWhatDoesNotFitAndWhatIsNeverWritten) {
  EXPECT_THROW((void)sign1_as(Algorithm::ps512, p256(), rng(), kPayload, ""), Error);
  EXPECT_THROW((void)sign1_as(Algorithm::ml_dsa_87, rsa3072(), rng(), kPayload, ""), Error);
  EXPECT_THROW((void)sign1_as(Algorithm::es256, p256(), rng(), kPayload, ""), Error);
}

TEST(CoseVerify, TellsAnAlgorithmOfAnotherFamilyFromAFailure) {
  const auto message = signed_by(rsa3072());
  auto parsed = parse_sign1(message);
  parsed.algorithm = Algorithm::ml_dsa_87;
  EXPECT_THAT(objection(verify1(parsed, rsa3072(), kPayload, "test-v1", Use::hybrid_release)),
              HasSubstr("does not fit"));
}

class SignedByEach : public testing::TestWithParam<const Botan::Private_Key*> {};

TEST_P(SignedByEach, VerifiesDetachedAndAttached) {
  for (const auto payload_is : {Payload::detached, Payload::attached}) {
    const auto message = signed_by(*GetParam(), payload_is);
    EXPECT_EQ(objection(verify1(parse_sign1(message), *GetParam(), kPayload, "test-v1")), "");
  }
}

TEST_P(SignedByEach, IsWorthlessInAnotherContextAndForAnotherPayload) {
  const auto message = signed_by(*GetParam());
  EXPECT_THAT(objection(verify1(parse_sign1(message), *GetParam(), kPayload, "test-v2")), HasSubstr("does not match"));
  EXPECT_THAT(objection(verify1(parse_sign1(message), *GetParam(), to_bytes("other"), "test-v1")),
              HasSubstr("does not match"));
}

INSTANTIATE_TEST_SUITE_P(Keys, SignedByEach, testing::Values(&p256(), &p384(), &rsa3072()));

TEST(CoseSign1, CarriesFurtherProtectedHeaders) {
  const auto extra = cbor::MapWriter{}.add(-70001, cbor::Writer{}.bytes(kPayload)).encoded();
  const auto message = signed_by(p256(), Payload::detached, extra);
  const auto value = cbor::find(parse_sign1(message).protected_header, -70001);
  ASSERT_TRUE(value);
  EXPECT_EQ(cbor::diagnostic(*value), "h'" + hex(kPayload) + "'");
}

TEST(CoseSign1, RefusesFurtherHeadersThatRepeatItsOwn) {
  const auto extra = cbor::MapWriter{}.add(4, cbor::Writer{}.bytes(kPayload)).encoded();
  EXPECT_THROW((void)signed_by(p256(), Payload::detached, extra), Error);
}

TEST(CoseVerify, NamesAnotherKey) {
  const auto message = signed_by(p256());
  EXPECT_THAT(objection(verify1(parse_sign1(message), p384(), kPayload, "test-v1")), HasSubstr("another key"));
}

TEST(CoseVerify, RefusesAnAttachedPayloadThatIsNotTheExpectedOne) {
  const auto message = signed_by(p256(), Payload::attached);
  EXPECT_THAT(objection(verify1(parse_sign1(message), p256(), to_bytes("other"), "test-v1")),
              HasSubstr("another payload"));
}

TEST(CoseVerify, RefusesAnAlgorithmThatDoesNotFitTheKey) {
  auto message = signed_by(p256());
  auto parsed = parse_sign1(message);
  parsed.algorithm = Algorithm::ps256;
  EXPECT_THAT(objection(verify1(parsed, p256(), kPayload, "test-v1")), HasSubstr("does not fit"));
}

TEST(CoseVerify, RefusesEveryFlippedByte) {
  const auto good = signed_by(p256(), Payload::attached);
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 0x01;
    const auto result = attempt([&] { return verify1(parse_sign1(bad), p256(), kPayload, "test-v1").acceptable(); });
    EXPECT_FALSE(std::holds_alternative<bool>(result) && std::get<bool>(result)) << "byte " << i;
  }
}

/// Header maps and outer forms that must not get as far as a signature check. Kid: 32 zero bytes.
struct Malformed {
  const char* name;
  std::string hex;
};
void PrintTo(const Malformed& c, std::ostream* os) { *os << c.name; }
const std::string kKid = "045820" + std::string(64, '0');
std::string bstr(const std::string& content) { return hex(cbor::Writer{}.bytes(from_hex(content)).encoded()); }
std::string message(const std::string& protected_map, const std::string& rest = "a0f64100") {
  return "d284" + bstr(protected_map) + rest;
}

class MalformedSign1 : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedSign1, IsRefused) { EXPECT_THROW((void)parse_sign1(from_hex(GetParam().hex)), Error); }

INSTANTIATE_TEST_SUITE_P(Table, MalformedSign1,
                         testing::Values(Malformed{"Empty", ""}, Malformed{"NoTag", message("a20128" + kKid).substr(2)},
                                         Malformed{"OtherTag", "d1" + message("a20128" + kKid).substr(2)},
                                         Malformed{"FiveItems", "d285" + message("a20128" + kKid).substr(4) + "00"},
                                         Malformed{"NoAlgorithm", message("a1" + kKid)},
                                         Malformed{"NoKid", message("a10128")},
                                         Malformed{"UnknownAlgorithm", message("a2013903e6" + kKid)},
                                         Malformed{"OlderName", message("a20126" + kKid)},
                                         Malformed{"AlgorithmIsText", message("a2016161" + kKid)},
                                         Malformed{"ShortKid", message("a20128044100")},
                                         Malformed{"CriticalHeader", message("a301280281390fff" + kKid)},
                                         Malformed{"UnprotectedHeader", message("a20128" + kKid, "a10126f64100")},
                                         Malformed{"EmptyProtected", message("")},
                                         Malformed{"ProtectedTwice", message("a20128" + kKid + "a0")},
                                         Malformed{"PayloadIsText", message("a20128" + kKid, "a061614100")},
                                         Malformed{"Trailing", message("a20128" + kKid) + "00"}));

TEST(CoseSign1, TheTableAboveIsMalformedOnlyByWhatItsNamesSay) {
  EXPECT_EQ(parse_sign1(from_hex(message("a20128" + kKid))).algorithm, Algorithm::esp256);
}

TEST(CoseKey, GoesThereAndBack) {
  const auto point = p256()._public_ec_point().serialize_uncompressed();
  EXPECT_EQ(decode_p256_key(encode_p256_key(point)), point);
}

TEST(CoseKey, RefusesOtherKeys) {
  for (const auto* bad :
       {"a0", "a201022001", "a4010120012158200022582000", "a401022002214100224100", "a401022001214100224100"})
    EXPECT_THROW((void)decode_p256_key(from_hex(bad)), Error) << bad;
  EXPECT_THROW((void)encode_p256_key(Bytes(33, 2)), Error);
}

TEST(CoseKey, OfMlDsaGoesThereAndBackAndNothingElseIsOne) {
  const auto raw = ml_dsa_87().raw_public_key_bits();
  const auto encoded = encode_ml_dsa_key(raw);
  EXPECT_EQ(hex(ByteView{encoded}.first(9)), "a3010703383120590a");  // kty AKP, alg -50, then -1: pub
  EXPECT_EQ(decode_ml_dsa_key(encoded), raw);
  for (const auto* bad : {"a0", "a201070338312041", "a30107033831204100", "a301070338302041"})
    EXPECT_THROW((void)decode_ml_dsa_key(from_hex(bad)), Error) << bad;
  EXPECT_THROW((void)decode_ml_dsa_key(encode_p256_key(p256()._public_ec_point().serialize_uncompressed())), Error);
  EXPECT_THROW((void)encode_ml_dsa_key(Bytes(32, 2)), Error);
}

}  // namespace
}  // namespace lamp::cose
