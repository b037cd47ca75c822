// A virtual device's flash in one file: slot A, slot B, two settings pages, in this order.
#pragma once

#include <filesystem>

#include "lib/firmware/device/flash.hpp"

namespace lamp::firmware::device {

class FileFlash final : public Flash {
 public:
  /// Opens the file, or makes a blank one (mode 0600). Throws Error{bad_input} when a file that is there has another
  /// size.
  FileFlash(const std::filesystem::path& file, std::uint64_t slot_size);
  FileFlash(const FileFlash&) = delete;
  FileFlash& operator=(const FileFlash&) = delete;

  [[nodiscard]] std::uint64_t size(Area area) const override;
  void erase(Area area) override;
  void write(Area area, std::uint64_t offset, ByteView bytes) override;
  void read(Area area, std::uint64_t offset, std::span<std::uint8_t> into) const override;

 private:
  [[nodiscard]] std::uint64_t position(Area area, std::uint64_t offset, std::uint64_t length) const;

  std::uint64_t slot_size_;
  struct Descriptor {
    int number;
    ~Descriptor();
  } descriptor_;
};

}  // namespace lamp::firmware::device
