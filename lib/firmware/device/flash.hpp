// The flash of a device as its updater sees it: two image slots and two small pages for settings.
#pragma once

#include <cstdint>
#include <span>

#include "lib/base/bytes.hpp"

namespace lamp::firmware::device {

enum class Area : std::uint8_t { slot_a, slot_b, settings_0, settings_1 };

/// Erased bytes read 0xff. Every call is durable when it returns, and throws Error{unavailable} when the part does not
/// do as told; after a power cut an area that was being erased or written holds anything.
class Flash {
 public:
  virtual ~Flash() = default;
  [[nodiscard]] virtual std::uint64_t size(Area area) const = 0;
  virtual void erase(Area area) = 0;
  /// The bytes written must have been erased before.
  virtual void write(Area area, std::uint64_t offset, ByteView bytes) = 0;
  virtual void read(Area area, std::uint64_t offset, std::span<std::uint8_t> into) const = 0;
};

}  // namespace lamp::firmware::device
