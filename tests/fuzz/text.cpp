// Short texts from labels, links and command lines.
#include "hsm/uri.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/parse.hpp"
#include "lib/binding/label.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const auto text = fuzz::text({data, size});
  (void)fuzz::read([&] { return binding::parse_label(text); });
  (void)fuzz::read([&] { return hsm::TokenUri::parse(text).label(); });
  (void)fuzz::read([&] { return parse_instant(text); });
  if (const auto version = fuzz::read([&] { return Version::parse(text); }))
    fuzz::require(version->text() == text, "a version has two spellings");
  if (const auto mac = fuzz::read([&] { return MacAddress::parse(text); }))
    fuzz::require(MacAddress::parse(mac->text()) == *mac, "an address is not what it says");
  return 0;
}
