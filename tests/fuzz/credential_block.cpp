#include "lib/firmware/credential_block.hpp"

#include "lib/crypto/cbor.hpp"
#include "lib/firmware/suit.hpp"
#include "lib/firmware/zigbee_install_code.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

/// The block with its digest made to fit, so that the reader looks further than there.
lamp::Bytes with_digest(lamp::ByteView block) {
  lamp::cbor::Reader reader{block};
  if (reader.array() != 3) return {};
  const auto format = reader.unsigned_integer();
  const auto content = reader.bytes();
  return lamp::cbor::Writer{}
      .array(3)
      .unsigned_integer(format)
      .bytes(content)
      .bytes(lamp::firmware::sha256(content))
      .encoded();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  (void)fuzz::read([&] { return firmware::parse_credential_block({data, size}); });
  if (const auto mended = fuzz::read([&] { return with_digest({data, size}); }))
    (void)fuzz::read([&] { return firmware::parse_credential_block(*mended); });
  (void)fuzz::read([&] { return firmware::parse_install_code(SecureBytes(data, data + size)); });
  return 0;
}
