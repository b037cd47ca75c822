// A virtual device's flash in one file: slot A, slot B, two settings areas, in this order. It has the erase blocks and
// write units of a usual part and refuses what such a part would not do.
#pragma once

#include <filesystem>

#include "lib/firmware/device/flash.hpp"

namespace lamp::firmware::device {

class FileFlash final : public Flash {
 public:
  /// Opens the file, or makes a blank one (mode 0600). Slots are rounded up to whole erase blocks. Throws
  /// Error{bad_input} when a file that is there has another size.
  FileFlash(const std::filesystem::path& file, std::uint64_t slot_size);
  FileFlash(const FileFlash&) = delete;
  FileFlash& operator=(const FileFlash&) = delete;

  [[nodiscard]] std::uint64_t size(Area area) const override;
  [[nodiscard]] std::uint32_t erase_block(Area area) const override;
  [[nodiscard]] std::uint32_t write_unit() const override;
  using Flash::erase;
  void erase(Area area, std::uint64_t offset, std::uint64_t length) override;
  void write(Area area, std::uint64_t offset, ByteView bytes) override;
  void read(Area area, std::uint64_t offset, std::span<std::uint8_t> into) const override;

 private:
  [[nodiscard]] std::uint64_t position(Area area, std::uint64_t offset) const;
  void program(std::uint64_t position, ByteView bytes) const;
  void require_erased(Area area, std::uint64_t offset, std::uint64_t length) const;

  std::uint64_t slot_size_;
  struct Descriptor {
    int number;
    ~Descriptor();
  } descriptor_;
};

}  // namespace lamp::firmware::device
