// Zigbee OTA files: header and elements.
#include "lib/firmware/images/zigbee_ota.hpp"

#include <algorithm>
#include <memory>

#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  namespace zigbee = firmware::zigbee;
  const firmware::MemoryInput input{{data, size}};
  const auto reading = fuzz::read([&] { return zigbee::read(input); });
  fuzz::require(reading.has_value(), "the reader threw");
  fuzz::require(reading->value.has_value() == reading->findings.empty(), "neither read nor refused");
  if (!reading->value) return 0;
  const auto& file = *reading->value;
  const auto integrity = zigbee::check_integrity(input, file);
  const bool coded = integrity != zigbee::Integrity::none;
  std::vector<std::unique_ptr<firmware::Section>> parts;
  std::vector<zigbee::ElementSource> sources;
  for (const auto& e : file.elements) {
    if (coded && e.tag == zigbee::integrity_code) continue;
    parts.push_back(std::make_unique<firmware::Section>(input, e.data(), e.length));
    sources.push_back({e.tag, *parts.back()});
  }
  MemorySink again;
  zigbee::write(file.header, sources, coded ? zigbee::WithIntegrity::yes : zigbee::WithIntegrity::no, again);
  const auto same = std::ranges::equal(again.bytes(), ByteView{data, size});
  fuzz::require(same == (integrity == zigbee::Integrity::none || integrity == zigbee::Integrity::specified),
                "what was read is not what is written again");
  return 0;
}
