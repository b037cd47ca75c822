#include "lib/binding/escrow.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::binding {
namespace {

cbor::Writer box(std::size_t size = 8) { return cbor::bytes_item(Bytes(size, 1)); }

TEST(EscrowBoxes, ComeByName) {
  const auto boxes = read_escrow(cbor::MapWriter{}.add("claim-code", box()).add("ble-secret", box(9)).encoded());
  ASSERT_EQ(boxes.size(), 2U);
  EXPECT_EQ(boxes[0].name, "ble-secret");
  EXPECT_EQ(boxes[0].box.size(), 9U);
}

TEST(EscrowBoxes, MayBeNone) {
  EXPECT_TRUE(read_escrow({}).empty());
  EXPECT_TRUE(read_escrow(cbor::MapWriter{}.encoded()).empty());
}

TEST(EscrowContext, NamesDeviceAndSecret) { EXPECT_EQ(to_text(escrow_context("SL-1", "x")), "lamp-escrow-v1/SL-1/x"); }

struct Bad {
  const char* name;
  Bytes encoded;
};
void PrintTo(const Bad& b, std::ostream* os) { *os << b.name; }

Bytes many() {
  cbor::MapWriter map;
  for (std::size_t i = 0; i <= kMostEscrowBoxes; ++i) map.add("secret-" + std::to_string(i), box());
  return map.encoded();
}

Bytes repeated() {
  cbor::Writer map;
  map.map(2).text("a").bytes(Bytes(1)).text("a").bytes(Bytes(1));
  return map.encoded();
}

class BadEscrow : public testing::TestWithParam<Bad> {};

TEST_P(BadEscrow, IsRefused) { EXPECT_THROW((void)read_escrow(GetParam().encoded), Error); }

INSTANTIATE_TEST_SUITE_P(Escrow, BadEscrow,
                         testing::Values(Bad{"NoMap", to_bytes("no map")}, Bad{"TooMany", many()},
                                         Bad{"Repeated", repeated()},
                                         Bad{"Large", cbor::MapWriter{}.add("a", box(5000)).encoded()},
                                         Bad{"EmptyBox", cbor::MapWriter{}.add("a", box(0)).encoded()},
                                         Bad{"NoName", cbor::MapWriter{}.add("A b", box()).encoded()},
                                         Bad{"NumberKey", cbor::MapWriter{}.add(1, box()).encoded()},
                                         Bad{"TextBox", cbor::MapWriter{}.add("a", cbor::text_item("x")).encoded()},
                                         Bad{"Trailing", Bytes{0xa0, 0x00}}),
                         [](const auto& tested) { return std::string{tested.param.name}; });

}  // namespace
}  // namespace lamp::binding
