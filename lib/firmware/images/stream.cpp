#include "lib/firmware/images/stream.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "lib/base/error.hpp"

namespace lamp::firmware {
namespace {

constexpr std::size_t kChunk = 65536;

[[noreturn]] void fail(const std::filesystem::path& path) {
  const int error = errno;
  throw Error{error == ENOENT ? Errc::not_found : Errc::unavailable, path.string() + ": " + std::strerror(error)};
}

void require_inside(const Input& input, std::uint64_t at, std::uint64_t length) {
  if (!input.has(at, length)) throw Error{Errc::bad_input, "it ends before byte " + std::to_string(at + length)};
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
}

void sync_folder(const std::filesystem::path& folder) {
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) fail(folder);
  const int result = ::fsync(handle);
  ::close(handle);
  if (result != 0) fail(folder);
}

}  // namespace

Bytes Input::bytes(std::uint64_t at, std::size_t length) const {
  require_inside(*this, at, length);
  Bytes out(length);
  read(at, out);
  return out;
}

void Input::each(std::uint64_t at, std::uint64_t length, const std::function<void(ByteView)>& use) const {
  require_inside(*this, at, length);
  std::vector<std::uint8_t> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, length)));
  while (length > 0) {
    const auto piece = std::span{buffer}.first(static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, length)));
    read(at, piece);
    use(piece);
    at += piece.size();
    length -= piece.size();
  }
}

void MemoryInput::read(std::uint64_t at, std::span<std::uint8_t> into) const {
  require_inside(*this, at, into.size());
  const auto from = bytes_.subspan(static_cast<std::size_t>(at), into.size());
  std::copy(from.begin(), from.end(), into.begin());
}

FileInput::FileInput(const std::filesystem::path& path)
    : path_{path}, descriptor_{::open(path.c_str(), O_RDONLY | O_CLOEXEC)} {
  if (descriptor_ < 0) fail(path);
  struct stat info{};
  const bool regular = ::fstat(descriptor_, &info) == 0 && S_ISREG(info.st_mode);
  if (!regular) ::close(descriptor_);
  if (!regular) throw Error{Errc::bad_input, path.string() + ": not a regular file"};
  size_ = static_cast<std::uint64_t>(info.st_size);
}

FileInput::~FileInput() { ::close(descriptor_); }

void FileInput::read(std::uint64_t at, std::span<std::uint8_t> into) const {
  require_inside(*this, at, into.size());
  while (!into.empty()) {
    const auto n = ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path_);
    if (n == 0) throw Error{Errc::unavailable, path_.string() + ": became shorter while it was read"};
    into = into.subspan(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
}

Section::Section(const Input& whole, std::uint64_t at, std::uint64_t length) : whole_{whole}, at_{at}, length_{length} {
  require_inside(whole, at, length);
}

void Section::read(std::uint64_t at, std::span<std::uint8_t> into) const {
  require_inside(*this, at, into.size());
  whole_.read(at_ + at, into);
}

FileOutput::FileOutput(std::filesystem::path path, Readers readers) : path_{std::move(path)}, beside_{path_} {
  beside_ += ".new-" + std::to_string(::getpid());
  std::error_code ignored;  // the open below says what is wrong
  std::filesystem::create_directories(folder_of(path_), ignored);
  const mode_t mode = readers == Readers::owner ? 0600 : 0644;
  descriptor_ = ::open(beside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
  if (descriptor_ < 0) fail(path_);
}

FileOutput::~FileOutput() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(beside_.c_str());
}

void FileOutput::write(ByteView bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path_);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void FileOutput::commit() {
  if (::fsync(descriptor_) != 0) fail(path_);
  if (::rename(beside_.c_str(), path_.c_str()) != 0) fail(path_);
  const int result = ::close(descriptor_);
  descriptor_ = -1;
  if (result != 0) fail(path_);
  sync_folder(folder_of(path_));
}

void copy(const Input& from, Output& to) {
  from.each(0, from.size(), [&](ByteView piece) { to.write(piece); });
}

}  // namespace lamp::firmware
