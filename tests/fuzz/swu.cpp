// SWUpdate packages: the archive and the manifest, each also by itself.
#include "lib/firmware/images/swu.hpp"

#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const ByteView bytes{data, size};
  const firmware::MemoryInput file{bytes};
  const auto entries = fuzz::read([&] { return firmware::cpio::read(file); });
  fuzz::require(entries.has_value(), "the archive's reader threw");
  if (entries->value)
    for (const auto& e : *entries->value) {
      fuzz::require(file.has(e.data, e.size), "a file outside the archive");
      (void)firmware::cpio::sum_is_right(file, e);
    }
  const auto package = fuzz::read([&] { return firmware::swu::read(file); });
  fuzz::require(package.has_value(), "the package's reader threw");
  if (package->value)
    fuzz::require(!firmware::swu::verify(file, *package->value, {}, {}).empty(), "accepted though nobody is trusted");
  const auto description = fuzz::read([&] { return firmware::swu::read_description(fuzz::text(bytes)); });
  fuzz::require(description.has_value(), "the manifest's reader threw");
  fuzz::require(description->value.has_value() == description->findings.empty(), "neither read nor refused");
  return 0;
}
