// COSE as it comes from others: signatures, public keys, and what is sealed under a key.
#include "lib/crypto/cose.hpp"

#include <algorithm>

#include "lib/crypto/cbor.hpp"
#include "lib/crypto/seal.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const ByteView input{data, size};
  if (const auto message = fuzz::read([&] { return cose::parse_sign1(input); })) {
    fuzz::require(message->kid.size() == 32, "a key id that is none");
    fuzz::require(message->algorithm != cose::Algorithm::es256, "an algorithm that is never written");
    fuzz::require(cbor::find(message->protected_header, 4).has_value(), "a key id that is not protected");
    const Bytes payload = message->payload ? Bytes{message->payload->begin(), message->payload->end()} : Bytes{};
    fuzz::require(cose::to_be_signed(message->protected_header, {}, payload).size() > payload.size(),
                  "too little signed");
  }
  if (const auto point = fuzz::read([&] { return cose::decode_p256_key(input); }))
    fuzz::require(point->size() == 65, "a point of another size");
  if (const auto key = fuzz::read([&] { return cose::decode_ml_dsa_key(input); }))
    fuzz::require(std::ranges::equal(cose::encode_ml_dsa_key(*key), input), "a key has two encodings");
  const SymmetricKey nobodys{SecureBytes(32, 0x61)};
  fuzz::require(!fuzz::read([&] { return crypto::open_under(nobodys, input, {}); }), "a box of nobody was opened");
  return 0;
}
