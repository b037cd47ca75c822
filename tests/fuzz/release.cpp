// The release envelope, as a device reads it: no interpreter, no allocation.
#include <algorithm>

#include "lib/firmware/encryption.hpp"
#include "lib/firmware/request.hpp"
#include "lib/firmware/suit.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const ByteView input{data, size};
  const auto manifest_in = [](ByteView bytes) {
    const auto manifest = fuzz::read([&] { return firmware::parse_any_manifest(bytes); });
    if (!manifest) return;
    const auto again = fuzz::read([&] { return firmware::encode_manifest(*manifest); });
    // The writer refuses what a device would compare with itself and refuse, such as a class id of another model.
    fuzz::require(!again || std::ranges::equal(*again, bytes), "a manifest has two encodings");
  };
  manifest_in(input);
  if (const auto envelope = fuzz::read([&] { return firmware::parse_envelope(input); }))
    manifest_in(envelope->manifest);
  (void)fuzz::read([&] { return firmware::Request::parse(input); });
  return 0;
}
