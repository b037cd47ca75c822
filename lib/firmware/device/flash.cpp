#include "lib/firmware/device/flash.hpp"

#include "lib/base/error.hpp"

namespace lamp::firmware::device {
namespace {

[[noreturn]] void refuse(const char* what) { throw Error{Errc::internal, what}; }

}  // namespace

void check_read(const Flash& flash, Area area, std::uint64_t offset, std::uint64_t length) {
  const auto size = flash.size(area);
  if (offset > size || length > size - offset) refuse("access beyond the end of a flash area");
}

void check_erase(const Flash& flash, Area area, std::uint64_t offset, std::uint64_t length) {
  check_read(flash, area, offset, length);
  const auto block = flash.erase_block(area);
  if (offset % block != 0 || length % block != 0) refuse("an erase of less than whole erase blocks");
}

void check_write(const Flash& flash, Area area, std::uint64_t offset, std::uint64_t length) {
  check_read(flash, area, offset, length);
  const auto unit = flash.write_unit();
  if (offset % unit != 0 || length % unit != 0) refuse("a write of less than whole write units");
}

void check_geometry(const Flash& flash) {
  const auto unit = flash.write_unit();
  if (unit == 0 || unit > kMaxWriteUnit) refuse("a flash whose write unit the updater does not serve");
  for (const auto area : kAreas) {
    const auto block = flash.erase_block(area);
    if (block == 0 || block % unit != 0) refuse("a flash whose erase blocks are not whole write units");
    if (flash.size(area) == 0 || flash.size(area) % block != 0) refuse("a flash area that is not whole erase blocks");
  }
}

}  // namespace lamp::firmware::device
