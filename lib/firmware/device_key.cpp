#include "lib/firmware/device_key.hpp"

#include <botan/data_src.h>
#include <botan/ec_group.h>
#include <botan/ec_scalar.h>
#include <botan/ecdsa.h>
#include <botan/pkcs8.h>
#include <botan/x25519.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"

namespace lamp::firmware {
namespace {

constexpr std::size_t kScalar = 32, kCoordinate = 32;

/// RFC 9053 sections 7.1 and 7.2.
enum Label : std::int64_t { kty = 1, kid = 2, crv = -1, x = -2, y = -3, d = -4 };
enum KeyType : std::uint64_t { okp = 1, ec2 = 2 };

[[noreturn]] void refuse(const char* what) { throw Error{Errc::bad_input, std::string{"device key: "} + what}; }

Botan::ECDSA_PrivateKey p256_key(std::span<const std::uint8_t> scalar) {
  const auto group = Botan::EC_Group::from_name("secp256r1");
  auto number = Botan::EC_Scalar::deserialize(group, scalar);
  if (!number || number->is_zero()) refuse("not a private key of its curve");
  return Botan::ECDSA_PrivateKey{group, std::move(*number)};
}

/// What a library says of a wrong scalar may quote it.
Bytes public_of(KeyCurve curve, std::span<const std::uint8_t> scalar) {
  auto point = attempt([&] {
    return guarded(Errc::bad_input, [&]() -> Bytes {
      if (curve == KeyCurve::p256) return p256_key(scalar).raw_public_key_bits();
      return Botan::X25519_PrivateKey{SecureBytes{scalar.begin(), scalar.end()}}.raw_public_key_bits();
    });
  });
  if (std::holds_alternative<Error>(point)) refuse("not a private key of its curve");
  return std::get<Bytes>(std::move(point));
}

ByteView next(cbor::Reader& reader, Label label) {
  if (reader.integer() != label) refuse("a parameter missing, unknown or out of order");
  const auto value = reader.bytes();
  if (label != kid && value.size() != kScalar) refuse("a parameter of the wrong size");
  return value;
}

}  // namespace

DeviceKey make_device_key(std::string name, KeyCurve curve, Botan::RandomNumberGenerator& rng) {
  return guarded(Errc::unavailable, [&]() -> DeviceKey {
    if (curve == KeyCurve::x25519) {
      const Botan::X25519_PrivateKey key{rng};
      return {std::move(name), curve, key.raw_public_key_bits(), DeviceSecret{key.raw_private_key_bits()}};
    }
    const Botan::ECDSA_PrivateKey key{rng, Botan::EC_Group::from_name("secp256r1")};
    return {std::move(name), curve, key.raw_public_key_bits(), DeviceSecret{key.raw_private_key_bits()}};
  });
}

void write_device_key(cbor::SecureWriter& out, const DeviceKey& key) {
  const bool is_p256 = key.curve == KeyCurve::p256;
  const ByteView point{key.public_key};
  out.map(is_p256 ? 6 : 5).integer(kty).unsigned_integer(is_p256 ? ec2 : okp);
  out.integer(kid).bytes(as_bytes(key.name));
  out.integer(crv).unsigned_integer(static_cast<std::uint64_t>(key.curve));
  out.integer(x).bytes(is_p256 ? point.subspan(1, kCoordinate) : point);
  if (is_p256) out.integer(y).bytes(point.subspan(1 + kCoordinate, kCoordinate));
  out.integer(d).bytes(key.private_key.expose_secret());
}

DeviceKey read_device_key(cbor::Reader& reader) {
  const auto fields = reader.map();
  if (reader.integer() != kty) refuse("a parameter missing, unknown or out of order");
  const bool is_p256 = reader.unsigned_integer() == ec2;
  if (fields != (is_p256 ? 6U : 5U)) refuse("missing or further parameters");
  const auto name = next(reader, kid);
  DeviceKey key{to_text(name), is_p256 ? KeyCurve::p256 : KeyCurve::x25519, {}, DeviceSecret{SecureBytes{}}};
  if (!is_name(key.name)) refuse("no proper name");
  if (reader.integer() != crv || reader.unsigned_integer() != static_cast<std::uint64_t>(key.curve))
    refuse("not a curve of ours");
  if (is_p256) key.public_key.push_back(0x04);
  append(key.public_key, next(reader, x));
  if (is_p256) append(key.public_key, next(reader, y));
  const auto scalar = next(reader, d);
  if (public_of(key.curve, scalar) != key.public_key) refuse("its public and private parts are of two keys");
  key.private_key = DeviceSecret{SecureBytes{scalar.begin(), scalar.end()}};
  return key;
}

Bytes spki_of(const DeviceKey& key) {
  if (key.curve != KeyCurve::p256) throw Error{Errc::internal, "only a P-256 key signs"};
  return guarded(Errc::bad_input, [&] { return p256_key(key.private_key.expose_secret()).subject_public_key(); });
}

SecureBytes pkcs8_of(const DeviceKey& key) {
  if (key.curve != KeyCurve::p256) throw Error{Errc::internal, "only a P-256 key signs"};
  return guarded(Errc::bad_input, [&] { return Botan::PKCS8::BER_encode(p256_key(key.private_key.expose_secret())); });
}

std::unique_ptr<Botan::Private_Key> signing_key(ByteView pkcs8) {
  return guarded(Errc::bad_input, [&] {
    Botan::DataSource_Memory source{pkcs8.data(), pkcs8.size()};
    return Botan::PKCS8::load_key(source);
  });
}

}  // namespace lamp::firmware
