// CMS SignedData.
#include "lib/firmware/images/cms.hpp"

#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const auto message = fuzz::read([&] { return firmware::cms::parse({data, size}); });
  if (!message) return 0;
  fuzz::require(!message->attributes || !message->message_digest.empty(), "attributes without a digest");
  const auto verdict = fuzz::read([&] { return firmware::cms::verify(*message, {}, {}, {}); });
  fuzz::require(!verdict || !verdict->acceptable(), "accepted though nobody is trusted");
  return 0;
}
