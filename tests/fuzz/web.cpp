// What the service reads of a request before it knows who asks, and bodies of devices and stations.
#include "lib/cloud/byte_range.hpp"
#include "lib/cloud/ddi_message.hpp"
#include "lib/cloud/factory_batch.hpp"
#include "lib/cloud/router.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const auto text = fuzz::text({data, size});
  constexpr std::uint64_t kSize = 1000;
  const auto range = cloud::ByteRange::choose(text, kSize);
  fuzz::require(range.first <= kSize && range.length <= kSize - range.first, "a range reaches beyond the file");
  const auto [path, query] = cloud::split_target(text);
  (void)cloud::percent_decode(path);
  (void)fuzz::read([&] { return cloud::read_feedback(text); });
  (void)fuzz::read([&] { return cloud::read_config_version(text); });
  (void)fuzz::read([&] { return cloud::read_batch(text); });
  return 0;
}
