#include <algorithm>

#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"

namespace lamp::cose {
namespace {

constexpr std::int64_t kKty = 1, kCrv = -1, kX = -2, kY = -3;
constexpr std::int64_t kEc2 = 2, kP256 = 1;
constexpr std::size_t kCoordinate = 32;

cbor::Reader member(ByteView key, std::int64_t label) {
  const auto value = cbor::find(key, label);
  if (!value) throw Error{Errc::bad_input, "COSE_Key lacks member " + std::to_string(label)};
  return cbor::Reader{*value};
}

}  // namespace

Bytes encode_p256_key(ByteView uncompressed_point) {
  if (uncompressed_point.size() != 1 + 2 * kCoordinate || uncompressed_point[0] != 4)
    throw Error{Errc::bad_input, "not an uncompressed P-256 point"};
  return cbor::MapWriter{}
      .add(kKty, cbor::Writer{}.integer(kEc2))
      .add(kCrv, cbor::Writer{}.integer(kP256))
      .add(kX, cbor::Writer{}.bytes(uncompressed_point.subspan(1, kCoordinate)))
      .add(kY, cbor::Writer{}.bytes(uncompressed_point.subspan(1 + kCoordinate)))
      .encoded();
}

Bytes decode_p256_key(ByteView cose_key) {
  if (member(cose_key, kKty).integer() != kEc2 || member(cose_key, kCrv).integer() != kP256)
    throw Error{Errc::bad_input, "COSE_Key is not a P-256 key"};
  Bytes point{4};
  for (const auto label : {kX, kY}) {
    auto value = member(cose_key, label);
    const auto coordinate = value.bytes();
    if (coordinate.size() != kCoordinate)
      throw Error{Errc::bad_input, "COSE_Key with a coordinate of the wrong length"};
    append(point, coordinate);
  }
  return point;
}

}  // namespace lamp::cose
