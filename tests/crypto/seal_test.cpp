#include "lib/crypto/seal.hpp"

#include <botan/ecdh.h>
#include <gmock/gmock.h>

#include "lib/base/error.hpp"
#include "lib/crypto/key_wrap.hpp"
#include "tests/crypto/keys.hpp"

namespace lamp::crypto {
namespace {

using testing::HasSubstr;

auto& rng() { return Botan::system_rng(); }
const Bytes kSecret = to_bytes("sixteen secret b");
const Bytes kContext = to_bytes("test-v1");

class Seal : public testing::Test {
 protected:
  Botan::ECDH_PrivateKey key_{rng(), Botan::EC_Group::from_name("secp256r1")};
  SoftwareAgreementKey holder_{key_, rng()};
  Bytes box_ = seal(kSecret, holder_.public_point(), kContext, rng());
};

std::string refusal(const Bytes& box, AgreementKey& key, ByteView context) {
  const auto result = attempt([&] { return open_sealed(box, key, context); });
  return std::holds_alternative<Error>(result) ? std::get<Error>(result).what() : "";
}

TEST_F(Seal, OpensForTheHolder) {
  const auto opened = open_sealed(box_, holder_, kContext);
  EXPECT_EQ(Bytes(opened.begin(), opened.end()), kSecret);
}

TEST_F(Seal, DoesNotShowTheSecretAndDiffersEachTime) {
  EXPECT_EQ(to_text(box_).find(to_text(kSecret)), std::string::npos);
  EXPECT_NE(box_, seal(kSecret, holder_.public_point(), kContext, rng()));
}

TEST_F(Seal, RefusesAnotherHolderAndAnotherContext) {
  const Botan::ECDH_PrivateKey other_key{rng(), Botan::EC_Group::from_name("secp256r1")};
  SoftwareAgreementKey other{other_key, rng()};
  EXPECT_THAT(refusal(box_, other, kContext), HasSubstr("another key or purpose"));
  EXPECT_THAT(refusal(box_, holder_, to_bytes("test-v2")), HasSubstr("another key or purpose"));
}

TEST_F(Seal, RefusesEveryFlippedByteAndEveryTruncation) {
  for (std::size_t i = 0; i < box_.size(); ++i) {
    auto bad = box_;
    bad[i] ^= 0x01;
    EXPECT_NE(refusal(bad, holder_, kContext), "") << "byte " << i;
    bad.resize(i);
    EXPECT_NE(refusal(bad, holder_, kContext), "") << "cut at " << i;
  }
}

class SealUnder : public testing::Test {
 protected:
  static SymmetricKey key(std::uint8_t fill = 3) { return SymmetricKey{SecureBytes(32, fill)}; }
  static std::string refusal_under(const Bytes& box, const SymmetricKey& key, ByteView context) {
    const auto result = attempt([&] { return open_under(key, box, context); });
    return std::holds_alternative<Error>(result) ? std::get<Error>(result).what() : "";
  }
  Bytes box_ = seal_under(key(), kSecret, kContext, rng());
};

TEST_F(SealUnder, OpensUnderTheKeyAndForThePurpose) {
  const auto opened = open_under(key(), box_, kContext);
  EXPECT_EQ(Bytes(opened.begin(), opened.end()), kSecret);
  EXPECT_THAT(refusal_under(box_, key(4), kContext), HasSubstr("another key or purpose"));
  EXPECT_THAT(refusal_under(box_, key(), to_bytes("test-v2")), HasSubstr("another key or purpose"));
}

TEST_F(SealUnder, RefusesEveryFlippedByteAndEveryTruncation) {
  for (std::size_t i = 0; i < box_.size(); ++i) {
    auto bad = box_;
    bad[i] ^= 0x01;
    EXPECT_NE(refusal_under(bad, key(), kContext), "") << "byte " << i;
    bad.resize(i);
    EXPECT_NE(refusal_under(bad, key(), kContext), "") << "cut at " << i;
  }
}

TEST_F(SealUnder, TakesNoKeyOfAnotherLength) {
  const SymmetricKey short_key{SecureBytes(16, 3)};
  EXPECT_THROW((void)seal_under(short_key, kSecret, kContext, rng()), Error);
  EXPECT_THROW((void)open_under(short_key, box_, kContext), Error);
}

TEST(SealPoints, RefusesWhatIsNotAPointOfTheCurve) {
  const auto good = testing_keys::p256()._public_ec_point().serialize_uncompressed();
  auto off_curve = good;
  off_curve.back() ^= 1;
  auto hybrid = good;
  hybrid[0] = 6;
  require_p256_point(good);
  for (const auto& bad : {off_curve, hybrid, Bytes{0}, Bytes{}, Bytes(65, 0), Bytes(good.begin(), good.begin() + 33)})
    EXPECT_THROW(require_p256_point(bad), Error);
}

/// RFC 3394 section 4: key data, KEK, wrapped.
struct Wrapping {
  const char *key, *kek, *wrapped;
};
void PrintTo(const Wrapping& c, std::ostream* os) { *os << c.wrapped; }

SymmetricKey key_of(const char* text) {
  const auto bytes = from_hex(text);
  return SymmetricKey{SecureBytes{bytes.begin(), bytes.end()}};
}

class KeyWrap : public testing::TestWithParam<Wrapping> {};

TEST_P(KeyWrap, GivesTheStandardsValuesBothWays) {
  const auto [key, kek, wrapped] = GetParam();
  EXPECT_EQ(hex(wrap_key(key_of(kek), key_of(key))), wrapped);
  EXPECT_EQ(hex(unwrap_key(key_of(kek), from_hex(wrapped)).expose_secret()), hex(from_hex(key)));
}

INSTANTIATE_TEST_SUITE_P(
    Rfc3394, KeyWrap,
    testing::Values(Wrapping{"00112233445566778899AABBCCDDEEFF", "000102030405060708090A0B0C0D0E0F",
                             "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"},
                    Wrapping{"00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F",
                             "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
                             "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"}));

TEST(KeyWrapRefusals, SayWhy) {
  const auto kek = key_of("000102030405060708090A0B0C0D0E0F");
  auto wrapped = wrap_key(kek, key_of("00112233445566778899AABBCCDDEEFF"));
  EXPECT_THROW((void)unwrap_key(key_of("ff0102030405060708090A0B0C0D0E0F"), wrapped), Error);
  wrapped.back() ^= 1;
  EXPECT_THROW((void)unwrap_key(kek, wrapped), Error);
  wrapped.pop_back();
  EXPECT_THROW((void)unwrap_key(kek, wrapped), Error);
  EXPECT_THROW((void)wrap_key(kek, key_of("0011")), Error);
  EXPECT_THROW((void)wrap_key(key_of("0011"), kek), Error);
}

}  // namespace
}  // namespace lamp::crypto
