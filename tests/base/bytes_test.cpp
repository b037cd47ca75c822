#include "lib/base/bytes.hpp"

#include <gmock/gmock.h>

#include "lib/base/error.hpp"

namespace lamp {
namespace {

TEST(Hex, RoundTripsEveryByte) {
  Bytes all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::uint8_t>(i));
  EXPECT_EQ(from_hex(hex(all)), all);
}

class BadHex : public testing::TestWithParam<const char*> {};
TEST_P(BadHex, IsRefused) { EXPECT_THROW((void)from_hex(GetParam()), Error); }
INSTANTIATE_TEST_SUITE_P(Hex, BadHex, testing::Values("0", "0g", " 00", "00 ", "0x00", "-1"));

struct Pair {
  const char* plain;
  const char* encoded;
};
void PrintTo(const Pair& p, std::ostream* os) { *os << p.encoded; }

class Base64 : public testing::TestWithParam<Pair> {};
TEST_P(Base64, AgreesWithRfc4648) {
  EXPECT_EQ(base64(to_bytes(GetParam().plain)), GetParam().encoded);
  EXPECT_EQ(from_base64(GetParam().encoded), to_bytes(GetParam().plain));
}
// RFC 4648 section 10.
INSTANTIATE_TEST_SUITE_P(Rfc4648, Base64,
                         testing::Values(Pair{"", ""}, Pair{"f", "Zg=="}, Pair{"fo", "Zm8="}, Pair{"foo", "Zm9v"},
                                         Pair{"foob", "Zm9vYg=="}, Pair{"fooba", "Zm9vYmE="},
                                         Pair{"foobar", "Zm9vYmFy"}));

class BadBase64 : public testing::TestWithParam<const char*> {};
TEST_P(BadBase64, IsRefused) { EXPECT_THROW((void)from_base64(GetParam()), Error); }
INSTANTIATE_TEST_SUITE_P(Malformed, BadBase64,
                         testing::Values("Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", "Zm 9", "Zm-v",
                                         "Zg==Zg=="));

TEST(Base32, AgreesWithRfc4648WithoutPadding) {
  EXPECT_EQ(base32(to_bytes("foobar")), "MZXW6YTBOI");
  EXPECT_EQ(base32(to_bytes("f")), "MY");
}

TEST(EqualConstantTime, TellsEqualFromUnequal) {
  EXPECT_TRUE(equal_constant_time(to_bytes("abc"), to_bytes("abc")));
  EXPECT_FALSE(equal_constant_time(to_bytes("abc"), to_bytes("abd")));
  EXPECT_FALSE(equal_constant_time(to_bytes("abc"), to_bytes("ab")));
}

}  // namespace
}  // namespace lamp
