// OCSP requests from the network, and revocation lists.
#include "lib/pki/crl_reader.hpp"
#include "lib/pki/ocsp_message.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const ByteView bytes{data, size};
  if (const auto request = fuzz::read([&] { return pki::OcspRequest::parse(bytes); })) {
    fuzz::require(!request->wanted.empty(), "a request for nothing");
    fuzz::require(!request->nonce || !request->nonce->empty(), "an empty nonce");
    for (const auto& id : request->wanted) fuzz::require(id.der.size() <= size, "a CertID larger than its request");
  }
  std::size_t entries = 0;
  const auto list = fuzz::read(
      [&] { return pki::ListFacts::parse(bytes, [&](ByteView serial) { entries += serial.empty() ? 0 : 1; }); });
  if (list) fuzz::require(list->entries == entries, "a list with another number of entries than it has");
  return 0;
}
