#include "hsm/public_key.hpp"

#include <botan/ber_dec.h>
#include <botan/bigint.h>
#include <botan/ec_apoint.h>
#include <botan/ec_group.h>
#include <botan/ecdsa.h>
#include <botan/rsa.h>

#include <algorithm>

#include "lib/base/error.hpp"

namespace lamp::hsm {
namespace {

std::unique_ptr<Botan::Public_Key> read_ec_key(Session& session, CK_OBJECT_HANDLE object) {
  const auto parameters = read_bytes(session, object, CKA_EC_PARAMS);
  const auto point = unwrap_point(read_bytes(session, object, CKA_EC_POINT));
  const bool is_p256 = std::ranges::equal(parameters, kP256Parameters);
  if (!is_p256 && !std::ranges::equal(parameters, kP384Parameters)) {
    throw Error{Errc::unavailable, "the key is on a curve other than P-256 and P-384"};
  }
  return guarded(Errc::unavailable, [&]() -> std::unique_ptr<Botan::Public_Key> {
    const auto group = Botan::EC_Group::from_name(is_p256 ? "secp256r1" : "secp384r1");
    return std::make_unique<Botan::ECDSA_PublicKey>(group, Botan::EC_AffinePoint{group, point});
  });
}

std::unique_ptr<Botan::Public_Key> read_rsa_key(Session& session, CK_OBJECT_HANDLE object) {
  const auto modulus = read_bytes(session, object, CKA_MODULUS);
  const auto exponent = read_bytes(session, object, CKA_PUBLIC_EXPONENT);
  return guarded(Errc::unavailable, [&]() -> std::unique_ptr<Botan::Public_Key> {
    return std::make_unique<Botan::RSA_PublicKey>(Botan::BigInt::from_bytes(modulus),
                                                  Botan::BigInt::from_bytes(exponent));
  });
}

std::string ec_kind(Session& session, CK_OBJECT_HANDLE object) {
  const auto parameters = read_bytes(session, object, CKA_EC_PARAMS);
  if (std::ranges::equal(parameters, kP256Parameters)) return "p256";
  return std::ranges::equal(parameters, kP384Parameters) ? "p384" : "ec";
}

}  // namespace

Bytes unwrap_point(Bytes attribute) {
  constexpr std::uint8_t kOctetString = 0x04;  // also the first byte of a bare uncompressed point
  const bool is_bare = attribute.size() == 65 || attribute.size() == 97;  // wrapped ones have 67 and 99
  if (is_bare || attribute.empty() || attribute.front() != kOctetString) return attribute;
  return guarded(Errc::unavailable, [&] {
    Bytes point;
    Botan::BER_Decoder{attribute}.decode(point, Botan::ASN1_Type::OctetString).verify_end();
    return point;
  });
}

std::unique_ptr<Botan::Public_Key> read_public_key(Session& session, CK_OBJECT_HANDLE object) {
  switch (read_number(session, object, CKA_KEY_TYPE)) {
    case CKK_EC: return read_ec_key(session, object);
    case CKK_RSA: return read_rsa_key(session, object);
    default: throw Error{Errc::unavailable, "the key is neither EC nor RSA"};
  }
}

std::string key_kind(Session& session, CK_OBJECT_HANDLE object) {
  switch (read_number(session, object, CKA_KEY_TYPE)) {
    case CKK_EC: return ec_kind(session, object);
    case CKK_RSA: return "rsa" + std::to_string(read_bytes(session, object, CKA_MODULUS).size() * 8);
    case CKK_AES: return "aes" + std::to_string(read_number(session, object, CKA_VALUE_LEN) * 8);
    default: return "other";
  }
}

}  // namespace lamp::hsm
