// The memories of a virtual STM32WB55xC as its boot loader sees them: 64 pages of 4 KiB of flash, option bytes, and the
// registers with unique id, flash size and device id. Kept in one file, written where the part would write, so that a
// power cut leaves half of a page behind as it does there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"

namespace lamp::sim {

class Stm32Memory {
 public:
  static constexpr std::uint32_t kFlash = 0x08000000, kPage = 4096, kPages = 64, kFlashSize = kPage * kPages;
  static constexpr std::uint32_t kUniqueId = 0x1FFF7590, kUniqueIdSize = 12;
  static constexpr std::uint32_t kFlashSizeRegister = 0x1FFF75E0, kDeviceId = 0xE0042000;
  static constexpr std::uint32_t kOptions = 0x1FFF8000, kOptionsSize = 128;
  enum class Protection : std::uint8_t { none, level_1, level_2 };  ///< RM0434 3.6: 0xAA, anything else, 0xCC

  /// Opens the file, or makes one (mode 0600) of a part that holds an application and nothing else. Throws
  /// Error{bad_input} when it has another size.
  Stm32Memory(std::filesystem::path file, ByteView unique_id);

  /// What the boot loader calls the alternate settings: flash, option bytes (UM0424, memory mapping).
  [[nodiscard]] static std::vector<std::string> layout();
  /// Nothing when any of it is no readable memory.
  [[nodiscard]] std::optional<Bytes> read(std::uint32_t address, std::size_t size) const;

  enum class Write { done, no_such_memory, not_erased };
  /// Flash takes whole double words that are erased; option bytes take effect at the next launch().
  [[nodiscard]] Write program(std::uint32_t address, ByteView data);
  [[nodiscard]] Write erase_page(std::uint32_t address);
  void erase_all();
  /// Reset, or power-up: the option bytes are loaded. Level 2 never goes away again.
  void launch();
  [[nodiscard]] Protection protection() const noexcept { return protection_; }
  /// From level 1 to none, with a mass erase.
  void unprotect();

  /// For tests: makes later writes of option bytes a lie, as on a part whose option bytes are worn out.
  void wear_out_options() noexcept { options_take_ = false; }

 private:
  [[nodiscard]] bool in_flash(std::uint32_t address, std::size_t size) const noexcept;
  [[nodiscard]] bool in_options(std::uint32_t address, std::size_t size) const noexcept;
  void store(std::size_t offset, ByteView bytes);

  std::filesystem::path file_;
  Bytes unique_id_;
  Bytes cells_;  ///< flash, then option bytes
  Protection protection_ = Protection::none;
  bool options_take_ = true;
};

}  // namespace lamp::sim
