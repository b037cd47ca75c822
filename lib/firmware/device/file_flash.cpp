#include "lib/firmware/device/file_flash.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "lib/base/error.hpp"

namespace lamp::firmware::device {
namespace {

constexpr std::uint32_t kEraseBlock = 4096, kWriteUnit = 16;
constexpr std::uint64_t kSettingsPage = kEraseBlock;
constexpr std::size_t kPiece = 65536;

[[noreturn]] void fail(const char* what) {
  throw Error{Errc::unavailable, std::string{what} + " a virtual device's flash: " + std::strerror(errno)};
}

}  // namespace

FileFlash::FileFlash(const std::filesystem::path& file, std::uint64_t slot_size)
    : slot_size_{(slot_size + kEraseBlock - 1) / kEraseBlock * kEraseBlock},
      descriptor_{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)} {
  if (descriptor_.number < 0) fail("opening");
  struct stat status{};
  if (::fstat(descriptor_.number, &status) != 0) fail("opening");
  const auto found = static_cast<std::uint64_t>(status.st_size);
  const auto wanted = 2 * (slot_size_ + kSettingsPage);
  if (found == 0)
    for (const auto area : kAreas) erase(area);
  else if (found != wanted)
    throw Error{Errc::bad_input, file.string() + " is not the flash of a device with such slots"};
}

FileFlash::Descriptor::~Descriptor() {
  if (number >= 0) ::close(number);
}

std::uint64_t FileFlash::size(Area area) const {
  return area == Area::slot_a || area == Area::slot_b ? slot_size_ : kSettingsPage;
}

std::uint32_t FileFlash::erase_block(Area) const { return kEraseBlock; }
std::uint32_t FileFlash::write_unit() const { return kWriteUnit; }

std::uint64_t FileFlash::position(Area area, std::uint64_t offset) const {
  switch (area) {
    case Area::slot_a: return offset;
    case Area::slot_b: return slot_size_ + offset;
    case Area::settings_0: return 2 * slot_size_ + offset;
    case Area::settings_1: break;
  }
  return 2 * slot_size_ + kSettingsPage + offset;
}

void FileFlash::erase(Area area, std::uint64_t offset, std::uint64_t length) {
  check_erase(*this, area, offset, length);
  const Bytes blank(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, length)), 0xff);
  for (const auto end = offset + length; offset < end;) {
    const auto piece = ByteView{blank}.first(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, end - offset)));
    program(position(area, offset), piece);
    offset += piece.size();
  }
  if (::fdatasync(descriptor_.number) != 0) fail("erasing");
}

void FileFlash::require_erased(Area area, std::uint64_t offset, std::uint64_t length) const {
  Bytes found(static_cast<std::size_t>(length));
  read(area, offset, found);
  if (std::any_of(found.begin(), found.end(), [](std::uint8_t byte) { return byte != 0xff; }))
    throw Error{Errc::internal, "a write to flash that is not erased"};
}

void FileFlash::write(Area area, std::uint64_t offset, ByteView bytes) {
  check_write(*this, area, offset, bytes.size());
  require_erased(area, offset, bytes.size());
  program(position(area, offset), bytes);
  if (::fdatasync(descriptor_.number) != 0) fail("writing");
}

void FileFlash::program(std::uint64_t position, ByteView bytes) const {
  auto at = static_cast<off_t>(position);
  while (!bytes.empty()) {
    const auto written = ::pwrite(descriptor_.number, bytes.data(), bytes.size(), at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("writing");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    at += written;
  }
}

void FileFlash::read(Area area, std::uint64_t offset, std::span<std::uint8_t> into) const {
  check_read(*this, area, offset, into.size());
  auto at = static_cast<off_t>(position(area, offset));
  while (!into.empty()) {
    const auto got = ::pread(descriptor_.number, into.data(), into.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail("reading");
    into = into.subspan(static_cast<std::size_t>(got));
    at += got;
  }
}

}  // namespace lamp::firmware::device
