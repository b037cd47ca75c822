// Both directions of lamp-provisioning(7).
#include "manufacturing/lamp_protocol.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  (void)fuzz::read([&] { return manufacturing::decode_request({data, size}); });
  (void)fuzz::read([&] { return manufacturing::decode_response({data, size}); });
  return 0;
}
