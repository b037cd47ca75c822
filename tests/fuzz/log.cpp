// What an auditor's machine reads of somebody else's log.
#include "lib/audit/note.hpp"
#include "lib/audit/stored.hpp"
#include "lib/audit/tiles.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const ByteView input{data, size};
  if (const auto note = fuzz::read([&] { return audit::parse_note(fuzz::text(input)); }))
    (void)fuzz::read([&] { return audit::parse_checkpoint(note->text); });
  (void)fuzz::read([&] { return audit::decode_bundle(input); });
  (void)fuzz::read([&] { return audit::decode_event(input); });
  return 0;
}
