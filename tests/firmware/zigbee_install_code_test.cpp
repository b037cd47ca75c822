#include "lib/firmware/zigbee_install_code.hpp"

#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include "lib/base/error.hpp"

namespace lamp::firmware::test {
namespace {

SecureBytes secure(const char* text) {
  const auto bytes = from_hex(text);
  return {bytes.begin(), bytes.end()};
}

TEST(Crc16X25, GivesTheCheckValueOfItsCatalogue) { EXPECT_EQ(crc16_x25(as_bytes("123456789")), 0x906e); }

/// Code with CRC and the link key that stacks of other makers compute (zigpy, zigbee-herdsman and the specification).
struct Known {
  const char *code, *key;
};
void PrintTo(const Known& c, std::ostream* os) { *os << c.code; }

class KnownCodes : public testing::TestWithParam<Known> {};

TEST_P(KnownCodes, GiveTheLinkKey) {
  const auto code = parse_install_code(secure(GetParam().code));
  EXPECT_EQ(hex(link_key(code).expose_secret()), hex(from_hex(GetParam().key)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, KnownCodes,
    testing::Values(Known{"83FED3407A939723A5C639B26916D505C3B5", "66B6900981E1EE3CA4206B6B861C02BB"},
                    Known{"83FED3407A939723A5C639B269161802AEBB", "333C23686079468EB27BA24BD9C7E564"}));

TEST(InstallCode, RefusesAWrongCrcAndAnyOtherLength) {
  EXPECT_THROW((void)parse_install_code(secure("FFFED3407A939723A5C639B26916D505C3B5")), Error);
  EXPECT_THROW((void)parse_install_code(secure("83FED3407A939723A5C639B26916D505B5C3")), Error);
  EXPECT_THROW((void)parse_install_code(secure("83FED3407A939723A5C639B26916D505")), Error);
  EXPECT_THROW((void)parse_install_code(secure("83FED3407A932B70")), Error);
  EXPECT_THROW((void)parse_install_code({}), Error);
}

TEST(InstallCode, IsMadeWithItsCrc) {
  const auto code = make_install_code(Botan::system_rng());
  const auto bytes = code.expose_secret();
  EXPECT_EQ(parse_install_code(SecureBytes{bytes.begin(), bytes.end()}).size(), 18U);
}

TEST(AesMmo, GivesTheSpecificationsHashes) {
  EXPECT_EQ(hex(aes_mmo(from_hex("76777475727370717E7F7C7D7A7B7879C0"))), "3c3d537529a7a9a03f669dcd886cb52c");
  EXPECT_EQ(hex(aes_mmo(from_hex("1C1D1E1F18191A1B14151617101112133C3D537529A7A9A03F669DCD886CB52C"))),
            "4512807bf94cb3400f0e2c25fb76e999");
}

TEST(AesMmo, TakesTheLongLengthFieldFromSixtyFourKibibitsOn) {
  EXPECT_NE(hex(aes_mmo(Bytes(8191, 0))), hex(aes_mmo(Bytes(8192, 0))));
}

}  // namespace
}  // namespace lamp::firmware::test
