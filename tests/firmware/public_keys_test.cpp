#include "lib/firmware/public_keys.hpp"

#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/firmware/device_key.hpp"

namespace lamp::firmware {
namespace {

using testing::HasSubstr;

DevicePublicKey made(const char* name, KeyCurve curve) {
  return {name, make_device_key(name, curve, Botan::system_rng()).public_key};
}

TEST(PublicKeys, ComeBackAsTheyWereWritten) {
  const std::vector keys{made("curve-key", KeyCurve::x25519), made("ble-static-key", KeyCurve::p256)};
  EXPECT_THAT(read_public_keys(encode_public_keys(keys)), testing::UnorderedElementsAreArray(keys));
}

TEST(PublicKeys, OfADeviceWithoutAreNoBytes) {
  EXPECT_TRUE(encode_public_keys({}).empty());
  EXPECT_TRUE(read_public_keys({}).empty());
}

// The public key of libzmq's documentation.
TEST(PublicKeys, AreShownAsTheirPeersTakeThem) {
  const Bytes curve = from_hex("bb88471d65e2659b30c55a5321cebb5aab2b70a398645c26dca2b2fcb43fc518");
  EXPECT_EQ(text_of({"curve-key", curve}), "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID");
  const auto point = made("ble-static-key", KeyCurve::p256);
  EXPECT_EQ(text_of(point), hex(point.value));
}

struct Refused {
  const char* name;
  Bytes encoded;
};
void PrintTo(const Refused& r, std::ostream* os) { *os << r.name; }

class RefusedPublicKeys : public testing::TestWithParam<Refused> {};

TEST_P(RefusedPublicKeys, SayWhatTheyAre) {
  const auto read = attempt([] { return read_public_keys(GetParam().encoded); });
  ASSERT_TRUE(std::holds_alternative<Error>(read));
  EXPECT_EQ(std::get<Error>(read).code(), Errc::bad_input);
  EXPECT_THAT(std::get<Error>(read).what(), HasSubstr("public keys: "));
}

Bytes map_of(const char* name, const Bytes& value) {
  return cbor::MapWriter{}.add(name, cbor::bytes_item(value)).encoded();
}

Bytes off_the_curve() {
  auto point = made("ble-static-key", KeyCurve::p256).value;
  point.back() ^= 1U;
  return point;
}

Bytes with_more() {
  auto map = map_of("curve-key", Bytes(32, 9));
  map.push_back(0);
  return map;
}

INSTANTIATE_TEST_SUITE_P(Maps, RefusedPublicKeys,
                         testing::Values(Refused{"NoMap", to_bytes("no map")}, Refused{"Empty", Bytes{0xa0}},
                                         Refused{"AnotherName", map_of("idevid", Bytes(65, 4))},
                                         Refused{"OffTheCurve", map_of("ble-static-key", off_the_curve())},
                                         Refused{"AScalar", map_of("ble-static-key", Bytes(32, 4))},
                                         Refused{"TooLong", map_of("curve-key", Bytes(33, 4))},
                                         Refused{"AllZero", map_of("curve-key", Bytes(32, 0))},
                                         Refused{"More", with_more()}),
                         [](const auto& tested) { return std::string{tested.param.name}; });

}  // namespace
}  // namespace lamp::firmware
