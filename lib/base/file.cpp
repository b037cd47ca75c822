#include "lib/base/file.hpp"

#include <botan/mem_ops.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "lib/base/error.hpp"

namespace lamp {
namespace {

namespace fs = std::filesystem;

Errc code_of(int error) noexcept {
  switch (error) {
    case ENOENT:
    case ENOTDIR: return Errc::not_found;
    case EACCES:
    case EPERM:
    case EROFS: return Errc::denied;
    case EEXIST: return Errc::exists;
    default: return Errc::unavailable;
  }
}

std::string reason(int error) {
  if (error == ENOENT) return "no such file or directory";
  if (error == ENOSPC) return "the disk is full; make room and run the command again";
  return std::strerror(error);
}

[[noreturn]] void fail(const fs::path& path, int error) {
  throw Error{code_of(error), path.string() + ": " + reason(error)};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_{fd} {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  /// close() can report a write error that came late (NFS, quota).
  [[nodiscard]] int close() noexcept {
    const int result = ::close(fd_);
    fd_ = -1;
    return result;
  }

 private:
  int fd_;
};

struct stat open_regular(const Descriptor& file, const fs::path& path, std::uint64_t limit) {
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) fail(path, errno);
  if (S_ISDIR(info.st_mode)) throw Error{Errc::bad_input, path.string() + ": is a directory"};
  if (S_ISREG(info.st_mode) && static_cast<std::uint64_t>(info.st_size) > limit)
    throw Error{Errc::bad_input, path.string() + ": larger than the limit of " + std::to_string(limit) + " bytes"};
  return info;
}

template <class Container>
Container read_all(const Descriptor& file, const fs::path& path, std::uint64_t limit, std::size_t expected) {
  Container content;
  content.reserve(expected);
  std::array<std::uint8_t, 65536> buffer;
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, errno);
    if (n == 0) break;
    content.insert(content.end(), buffer.begin(), buffer.begin() + n);
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

void write_all(int fd, ByteView bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void sync_directory(const fs::path& directory) {
  const Descriptor handle{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (handle.get() < 0 || ::fsync(handle.get()) != 0) fail(directory, errno);
}

/// Removes the half-written sibling unless it became the file.
class Sibling {
 public:
  explicit Sibling(const fs::path& of) {
    static std::atomic<unsigned> counter{0};
    path_ = of;
    path_ += ".new-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
  }
  Sibling(const Sibling&) = delete;
  Sibling& operator=(const Sibling&) = delete;
  ~Sibling() {
    if (!done_) ::unlink(path_.c_str());
  }
  [[nodiscard]] const fs::path& path() const noexcept { return path_; }
  void became(const fs::path& target, Existing existing) {
    const bool refuse = existing == Existing::refuse;
    // link() fails when the target exists, which rename() does not.
    const int result = refuse ? ::link(path_.c_str(), target.c_str()) : ::rename(path_.c_str(), target.c_str());
    if (result != 0) {
      if (errno == EEXIST) throw Error{Errc::exists, target.string() + ": exists already; not overwritten"};
      fail(target, errno);
    }
    done_ = !refuse;
  }

 private:
  fs::path path_;
  bool done_ = false;
};

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
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path{"."};
  std::error_code ignored;  // the open below says what is wrong
  fs::create_directories(directory, ignored);
  Sibling sibling{path};
  Descriptor file{::open(sibling.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode))};
  if (file.get() < 0) fail(path, errno);
  if (::fchmod(file.get(), static_cast<mode_t>(mode)) != 0) fail(path, errno);
  write_all(file.get(), bytes, path);
  if (::fsync(file.get()) != 0 || file.close() != 0) fail(path, errno);
  sibling.became(path, existing);
  sync_directory(directory);
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
