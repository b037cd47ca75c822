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

constexpr std::uint64_t kSettingsPage = 4096;
constexpr std::size_t kErasePiece = 65536;

[[noreturn]] void fail(const char* what) {
  throw Error{Errc::unavailable, std::string{what} + " a virtual device's flash: " + std::strerror(errno)};
}

}  // namespace

FileFlash::FileFlash(const std::filesystem::path& file, std::uint64_t slot_size)
    : slot_size_{slot_size}, descriptor_{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)} {
  if (descriptor_.number < 0) fail("opening");
  struct stat status{};
  if (::fstat(descriptor_.number, &status) != 0) fail("opening");
  const auto found = static_cast<std::uint64_t>(status.st_size);
  const auto wanted = 2 * (slot_size_ + kSettingsPage);
  if (found == 0)
    for (const auto area : {Area::slot_a, Area::slot_b, Area::settings_0, Area::settings_1}) erase(area);
  else if (found != wanted)
    throw Error{Errc::bad_input, file.string() + " is not the flash of a device with such slots"};
}

FileFlash::Descriptor::~Descriptor() {
  if (number >= 0) ::close(number);
}

std::uint64_t FileFlash::size(Area area) const {
  return area == Area::slot_a || area == Area::slot_b ? slot_size_ : kSettingsPage;
}

std::uint64_t FileFlash::position(Area area, std::uint64_t offset, std::uint64_t length) const {
  if (offset > size(area) || length > size(area) - offset)
    throw Error{Errc::internal, "access beyond the end of a flash area"};
  switch (area) {
    case Area::slot_a: return offset;
    case Area::slot_b: return slot_size_ + offset;
    case Area::settings_0: return 2 * slot_size_ + offset;
    case Area::settings_1: break;
  }
  return 2 * slot_size_ + kSettingsPage + offset;
}

void FileFlash::erase(Area area) {
  const Bytes blank(kErasePiece, 0xff);
  for (std::uint64_t at = 0; at < size(area);) {
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(kErasePiece, size(area) - at));
    write(area, at, ByteView{blank}.first(length));
    at += length;
  }
}

void FileFlash::write(Area area, std::uint64_t offset, ByteView bytes) {
  auto at = static_cast<off_t>(position(area, offset, bytes.size()));
  while (!bytes.empty()) {
    const auto written = ::pwrite(descriptor_.number, bytes.data(), bytes.size(), at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("writing");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    at += written;
  }
  if (::fdatasync(descriptor_.number) != 0) fail("writing");
}

void FileFlash::read(Area area, std::uint64_t offset, std::span<std::uint8_t> into) const {
  auto at = static_cast<off_t>(position(area, offset, into.size()));
  while (!into.empty()) {
    const auto got = ::pread(descriptor_.number, into.data(), into.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail("reading");
    into = into.subspan(static_cast<std::size_t>(got));
    at += got;
  }
}

}  // namespace lamp::firmware::device
