#include "lib/crypto/cbor.hpp"

#include "lib/crypto/cose.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const ByteView input{data, size};
  cbor::Reader reader{input};
  const auto item = fuzz::read([&] { return reader.item(); });
  const auto diagnostic = fuzz::read([&] { return cbor::diagnostic(input); });
  fuzz::require(!diagnostic || item, "what is shown is not what is read");
  if (item) {
    (void)fuzz::read([&] { return cbor::find(*item, 4); });
    (void)fuzz::read([&] { return cbor::find(*item, "a"); });
  }
  (void)fuzz::read([&] { return cose::parse_sign1(input); });
  (void)fuzz::read([&] { return cose::decode_p256_key(input); });
  return 0;
}
