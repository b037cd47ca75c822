// What parts say of themselves in their boot loaders: names of memories and answers to GETSTATUS by DfuSe, flash that
// holds a record or half of one, eFuses as espefuse prints them.
#include "lib/firmware/device_key.hpp"
#include "lib/firmware/flash_record.hpp"
#include "manufacturing/dfuse_layout.hpp"
#include "manufacturing/esp_efuse.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const ByteView bytes{data, size};
  if (const auto memory = fuzz::read([&] { return manufacturing::parse_dfuse_layout(fuzz::text(bytes)); }))
    for (const auto& region : memory->regions) {
      fuzz::require(region.address + region.size() <= std::uint64_t{1} << 32U, "a region beyond 32 bits");
      fuzz::require(memory->find(region.address, 1) != nullptr, "a region that is not found by its address");
    }
  (void)fuzz::read([&] { return manufacturing::parse_dfu_status(bytes); });
  for (const auto kind : {firmware::RecordKind::credential_block, firmware::RecordKind::device_key})
    if (const auto content = firmware::read_flash_record(kind, bytes))
      fuzz::require(firmware::flash_record_size(content->size()) >= content->size(),
                    "a record smaller than its content");
  (void)fuzz::read([&] {
    cbor::Reader reader{bytes};
    return firmware::read_device_key(reader);
  });
  if (const auto fuses = fuzz::read([&] { return manufacturing::parse_efuse_summary(fuzz::text(bytes), 0); }))
    fuzz::require(!(fuses->has_key() && fuses->is_blank()), "a chip with a key that is blank");
  return 0;
}
