// The flash of a device as its updater sees it: two image slots and two small areas for settings. Thin enough that a
// NOR part or a controller's own flash sits behind it.
#pragma once

#include <cstdint>
#include <span>

#include "lib/base/bytes.hpp"

namespace lamp::firmware::device {

enum class Area : std::uint8_t { slot_a, slot_b, settings_0, settings_1 };
inline constexpr Area kAreas[] = {Area::slot_a, Area::slot_b, Area::settings_0, Area::settings_1};

/// The largest write unit that the updater serves: it keeps so many bytes until they fill one.
inline constexpr std::uint32_t kMaxWriteUnit = 64;

/// Erased bytes read 0xff. Every call is durable when it returns, and throws Error{unavailable} when the part does not
/// do as told. After a power cut an erase block that was being erased, or a write unit that was being programmed, holds
/// anything, may read differently each time, and must be erased before it is programmed again.
class Flash {
 public:
  virtual ~Flash() = default;
  /// A whole number of erase blocks.
  [[nodiscard]] virtual std::uint64_t size(Area area) const = 0;
  /// Bytes that are erased together: a whole number of write units.
  [[nodiscard]] virtual std::uint32_t erase_block(Area area) const = 0;
  /// Bytes that are programmed together, at a multiple of their number.
  [[nodiscard]] virtual std::uint32_t write_unit() const = 0;

  /// Offset and length are whole erase blocks.
  virtual void erase(Area area, std::uint64_t offset, std::uint64_t length) = 0;
  void erase(Area area) { erase(area, 0, size(area)); }
  /// Offset and length are whole write units, which nobody has programmed since they were erased.
  virtual void write(Area area, std::uint64_t offset, ByteView bytes) = 0;
  virtual void read(Area area, std::uint64_t offset, std::span<std::uint8_t> into) const = 0;
};

/// What every part asks of its callers: Error{internal} for an access beyond the area or between two units.
void check_erase(const Flash& flash, Area area, std::uint64_t offset, std::uint64_t length);
void check_write(const Flash& flash, Area area, std::uint64_t offset, std::uint64_t length);
void check_read(const Flash& flash, Area area, std::uint64_t offset, std::uint64_t length);
/// Throws Error{internal} for a part that the updater cannot serve: units that do not divide, or are too large.
void check_geometry(const Flash& flash);

}  // namespace lamp::firmware::device
