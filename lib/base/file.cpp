#include "lib/base/file.hpp"

#include <botan/mem_ops.h>
#include <sys/file.h>

#include <array>

#include "lib/base/posix_file.hpp"
#include "lib/base/stream.hpp"

namespace lamp {
namespace {

namespace fs = std::filesystem;
using posix::Descriptor;
using posix::fail;

struct stat open_regular(const Descriptor& file, const fs::path& path, std::uint64_t limit) {
  const auto info = posix::status_of(file, path);
  if (S_ISREG(info.st_mode) && static_cast<std::uint64_t>(info.st_size) > limit)
    throw Error{Errc::bad_input, path.string() + ": larger than the limit of " + std::to_string(limit) + " bytes"};
  return info;
}

template <class Container>
Container read_all(const Descriptor& file, const fs::path& path, std::uint64_t limit, std::size_t expected) {
  Container content;
  content.reserve(expected);
  std::array<std::uint8_t, 65536> buffer;
  while (const auto n = posix::read_some(file, buffer, path)) {
    content.insert(content.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(n));
    if (content.size() > limit)
      throw Error{Errc::bad_input, path.string() + ": larger than the limit of " + std::to_string(limit) + " bytes"};
  }
  Botan::secure_scrub_memory(buffer.data(), buffer.size());
  return content;
}

template <class Container>
Container read_whole(const fs::path& path, std::uint64_t limit) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0) fail(path, errno);
  const auto info = open_regular(file, path, limit);
  return read_all<Container>(file, path, limit, static_cast<std::size_t>(info.st_size));
}

}  // namespace

Bytes read_file(const fs::path& path, std::uint64_t limit) { return read_whole<Bytes>(path, limit); }

std::string read_text_file(const fs::path& path, std::uint64_t limit) { return read_whole<std::string>(path, limit); }

SecureBytes read_secret_file(const fs::path& path, std::uint64_t limit) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (file.get() < 0) fail(path, errno);
  const auto info = open_regular(file, path, limit);
  if ((info.st_mode & 077) != 0)
    throw Error{Errc::denied, path.string() + ": readable by others; run 'chmod 600 " + path.string() + "'"};
  auto bytes = read_all<SecureBytes>(file, path, limit, static_cast<std::size_t>(info.st_size));
  if (!bytes.empty() && bytes.back() == '\n') bytes.pop_back();
  return bytes;
}

void publish(const fs::path& path, ByteView bytes, Mode mode, Existing existing) {
  FileSink sink{path, mode, existing};
  sink.write(bytes);
  sink.commit();
}

void publish(const fs::path& path, std::string_view text, Mode mode, Existing existing) {
  publish(path, as_bytes(text), mode, existing);
}

FileLock::FileLock(const fs::path& path) : descriptor_{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)} {
  if (descriptor_ < 0) fail(path, errno);
  while (::flock(descriptor_, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    const int error = errno;
    ::close(descriptor_);
    fail(path, error);
  }
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace lamp
