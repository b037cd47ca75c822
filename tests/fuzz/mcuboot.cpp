// MCUboot images: header and TLV areas.
#include "lib/firmware/images/mcuboot.hpp"

#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  namespace mcuboot = firmware::mcuboot;
  const firmware::MemoryInput file{{data, size}};
  (void)fuzz::read([&] { return mcuboot::read_region(file); });
  const auto reading = fuzz::read([&] { return mcuboot::read(file); });
  fuzz::require(reading.has_value(), "the reader threw");
  fuzz::require(reading->value.has_value() == reading->findings.empty(), "neither read nor refused");
  if (!reading->value) return 0;
  const auto& image = *reading->value;
  for (const auto& e : image.entries) fuzz::require(file.has(e.offset, 4 + e.value.size()), "a TLV outside the file");
  std::uint64_t seen = 0;
  mcuboot::each_of_region(file, image, nullptr, [&](ByteView piece) { seen += piece.size(); });
  fuzz::require(seen == image.region_size(), "a region of another size");
  fuzz::require(!mcuboot::verify(file, image, {}).empty(), "accepted though nobody is trusted");
  return 0;
}
