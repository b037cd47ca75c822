// The permission manifest of a partner's application, as a device and as a host reads it.
#include <algorithm>

#include "lib/firmware/application.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const ByteView input{data, size};
  const auto read = fuzz::read([&] { return firmware::PermissionManifest::parse(input); });
  const auto application = fuzz::read([&] { return firmware::Application::parse(input); });
  fuzz::require(read.has_value() == application.has_value(), "device and host differ");
  if (!application) return 0;
  fuzz::require(std::ranges::equal(application->encode(), input), "a permission manifest has two encodings");
  fuzz::require(std::ranges::equal(application->permissions, read->apis()), "device and host read other permissions");
  fuzz::require(application->text().find('.') == application->partner.size(), "an application's name is ambiguous");
  return 0;
}
