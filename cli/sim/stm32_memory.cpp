#include "cli/sim/stm32_memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "lib/base/file.hpp"
#include "lib/base/posix_file.hpp"

namespace lamp::sim {

namespace {

constexpr std::uint8_t kErased = 0xff, kOpen = 0xaa, kFinal = 0xcc;
constexpr std::size_t kDoubleWord = 8;

void put_word(Bytes& into, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) into[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

/// As the maker delivers it: a vector table at the start of flash, option bytes with their reset values.
Bytes delivered() {
  Bytes cells(Stm32Memory::kFlashSize + Stm32Memory::kOptionsSize, kErased);
  put_word(cells, 0, 0x20008000);  // stack
  put_word(cells, 4, 0x08000101);  // reset vector, Thumb
  constexpr std::uint32_t user_options = 0x3FFFF1AA;
  put_word(cells, Stm32Memory::kFlashSize, user_options);
  put_word(cells, Stm32Memory::kFlashSize + 4, ~user_options);
  return cells;
}

/// A register's bytes when the range lies inside it.
std::optional<Bytes> of_register(std::uint32_t begin, ByteView content, std::uint32_t address, std::size_t size) {
  const std::uint64_t end = std::uint64_t{address} + size;
  if (address < begin || end > std::uint64_t{begin} + content.size()) return std::nullopt;
  const auto part = content.subspan(address - begin, size);
  return Bytes{part.begin(), part.end()};
}

}  // namespace

Stm32Memory::Stm32Memory(std::filesystem::path file, ByteView unique_id)
    : file_{std::move(file)}, unique_id_{unique_id.begin(), unique_id.end()} {
  std::error_code absent;
  if (!std::filesystem::exists(file_, absent)) publish(file_, delivered(), Mode::secret);
  cells_ = read_file(file_);
  if (cells_.size() != kFlashSize + kOptionsSize || unique_id_.size() != kUniqueIdSize)
    throw Error{Errc::bad_input, file_.string() + ": not the memory of a virtual STM32WB55"};
  launch();
}

std::vector<std::string> Stm32Memory::layout() {
  return {"@Internal Flash   /0x08000000/64*04Kg", "@Option Bytes   /0x1FFF8000/01*128 e"};
}

bool Stm32Memory::in_flash(std::uint32_t address, std::size_t size) const noexcept {
  return address >= kFlash && std::uint64_t{address} + size <= std::uint64_t{kFlash} + kFlashSize;
}

bool Stm32Memory::in_options(std::uint32_t address, std::size_t size) const noexcept {
  return address >= kOptions && std::uint64_t{address} + size <= std::uint64_t{kOptions} + kOptionsSize;
}

std::optional<Bytes> Stm32Memory::read(std::uint32_t address, std::size_t size) const {
  const auto cells = [&](std::size_t offset) {
    const auto from = cells_.begin() + static_cast<std::ptrdiff_t>(offset);
    return Bytes{from, from + static_cast<std::ptrdiff_t>(size)};
  };
  if (in_flash(address, size)) return cells(address - kFlash);
  if (in_options(address, size)) return cells(kFlashSize + (address - kOptions));
  if (auto id = of_register(kUniqueId, unique_id_, address, size)) return id;
  const Bytes kilobytes{static_cast<std::uint8_t>(kFlashSize / 1024),
                        static_cast<std::uint8_t>(kFlashSize / 1024 >> 8)};
  if (auto bytes = of_register(kFlashSizeRegister, kilobytes, address, size)) return bytes;
  return of_register(kDeviceId, Bytes{0x95, 0x04, 0x01, 0x20}, address, size);
}

Stm32Memory::Write Stm32Memory::program(std::uint32_t address, ByteView data) {
  if (in_options(address, data.size())) {
    if (options_take_) store(kFlashSize + (address - kOptions), data);
    return Write::done;
  }
  if (!in_flash(address, data.size()) || address % kDoubleWord != 0) return Write::no_such_memory;
  const auto offset = static_cast<std::ptrdiff_t>(address - kFlash);
  const auto cells = ByteView{cells_}.subspan(static_cast<std::size_t>(offset), data.size());
  if (!std::ranges::all_of(cells, [](auto cell) { return cell == kErased; })) return Write::not_erased;
  store(static_cast<std::size_t>(offset), data);
  return Write::done;
}

Stm32Memory::Write Stm32Memory::erase_page(std::uint32_t address) {
  if (!in_flash(address, 1)) return Write::no_such_memory;
  store((address - kFlash) / kPage * kPage, Bytes(kPage, kErased));
  return Write::done;
}

void Stm32Memory::erase_all() { store(0, Bytes(kFlashSize, kErased)); }

void Stm32Memory::launch() {
  if (protection_ == Protection::level_2) return;
  const auto level = cells_[kFlashSize];
  protection_ = level == kOpen ? Protection::none : level == kFinal ? Protection::level_2 : Protection::level_1;
}

void Stm32Memory::unprotect() {
  erase_all();
  const auto as_delivered = delivered();
  store(kFlashSize, ByteView{as_delivered}.subspan(kFlashSize));
  launch();
}

void Stm32Memory::store(std::size_t offset, ByteView bytes) {
  std::copy(bytes.begin(), bytes.end(), cells_.begin() + static_cast<std::ptrdiff_t>(offset));
  posix::Descriptor file{::open(file_.c_str(), O_WRONLY | O_CLOEXEC)};
  if (file.get() < 0) posix::fail(file_, errno);
  if (::lseek(file.get(), static_cast<off_t>(offset), SEEK_SET) < 0) posix::fail(file_, errno);
  posix::write_all(file, bytes, file_);
}

}  // namespace lamp::sim
