#include <algorithm>

#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"

namespace lamp::cose {
namespace {

constexpr std::int64_t kKty = 1, kAlg = 3, kCrv = -1, kX = -2, kY = -3, kPub = -1;
constexpr std::int64_t kEc2 = 2, kP256 = 1, kAkp = 7;
constexpr std::size_t kCoordinate = 32, kMlDsa87Size = 2592;
constexpr auto kMlDsa87 = static_cast<std::int64_t>(Algorithm::ml_dsa_87);

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

Bytes encode_ml_dsa_key(ByteView raw) {
  if (raw.size() != kMlDsa87Size) throw Error{Errc::bad_input, "not a public key of ML-DSA-87"};
  return cbor::MapWriter{}
      .add(kKty, cbor::Writer{}.integer(kAkp))
      .add(kAlg, cbor::Writer{}.integer(kMlDsa87))
      .add(kPub, cbor::Writer{}.bytes(raw))
      .encoded();
}

Bytes decode_ml_dsa_key(ByteView cose_key) {
  if (member(cose_key, kKty).integer() != kAkp || member(cose_key, kAlg).integer() != kMlDsa87)
    throw Error{Errc::bad_input, "COSE_Key is not an ML-DSA-87 key"};
  if (cbor::Reader{cose_key}.map() != 3) throw Error{Errc::bad_input, "COSE_Key of ML-DSA-87 with other members"};
  auto value = member(cose_key, kPub);
  const auto raw = value.bytes();
  if (raw.size() != kMlDsa87Size) throw Error{Errc::bad_input, "COSE_Key of ML-DSA-87 with a key of the wrong length"};
  return {raw.begin(), raw.end()};
}

}  // namespace lamp::cose
