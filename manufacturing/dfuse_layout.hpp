// What a DfuSe part says of its memories in the names of its alternate settings (UM0424, "memory mapping"), such as
// "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg", and what it answers to DFU_GETSTATUS. Both are foreign.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"

namespace lamp::manufacturing {

/// Equal pages in a row.
struct DfuseRegion {
  std::uint32_t address = 0;
  std::uint32_t pages = 0, page_size = 0;  ///< bytes
  bool readable = false, erasable = false, writable = false;
  [[nodiscard]] std::uint64_t size() const noexcept { return std::uint64_t{pages} * page_size; }
};

struct DfuseMemory {
  std::string name;
  std::vector<DfuseRegion> regions;
  [[nodiscard]] std::uint64_t size() const noexcept;  ///< of all regions
  /// The region that holds all of this range, or null.
  [[nodiscard]] const DfuseRegion* find(std::uint32_t address, std::size_t size) const noexcept;
};

/// Throws Error{bad_input}: another form, more than 64 regions, regions beyond 32 bits.
[[nodiscard]] DfuseMemory parse_dfuse_layout(std::string_view text);

/// USB DFU 1.1 section 6.1.2.
enum class DfuDeviceState : std::uint8_t {
  app_idle = 0,
  app_detach,
  idle,
  dnload_sync,
  dnbusy,
  dnload_idle,
  manifest_sync,
  manifest,
  manifest_wait_reset,
  upload_idle,
  error,
};
struct DfuDeviceStatus {
  std::uint8_t code = 0;  ///< 0: no error
  std::chrono::milliseconds poll{0};
  DfuDeviceState state = DfuDeviceState::error;
};
/// Throws Error{bad_input} unless it is six bytes with a state and a status of the standard.
[[nodiscard]] DfuDeviceStatus parse_dfu_status(ByteView answer);
[[nodiscard]] std::string_view dfu_status_name(std::uint8_t code) noexcept;

}  // namespace lamp::manufacturing
