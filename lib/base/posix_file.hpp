// What file.cpp and stream.cpp share of POSIX: descriptors that close, words for errno.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace lamp::posix {

inline Errc code_of(int error) noexcept {
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

inline std::string reason(int error) {
  if (error == ENOENT) return "no such file or directory";
  if (error == ENOSPC) return "the disk is full; make room and run the command again";
  return std::strerror(error);
}

[[noreturn]] inline void fail(const std::filesystem::path& path, int error) {
  throw Error{code_of(error), path.string() + ": " + reason(error)};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_{fd} {}
  Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Descriptor& operator=(Descriptor&&) = delete;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  /// close() can report a write error that came late (NFS, quota).
  [[nodiscard]] int close() noexcept { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

inline struct stat status_of(const Descriptor& file, const std::filesystem::path& path) {
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) fail(path, errno);
  if (S_ISDIR(info.st_mode)) throw Error{Errc::bad_input, path.string() + ": is a directory"};
  return info;
}

/// As many bytes as there are, up to `into`.
inline std::size_t read_some(const Descriptor& file, std::span<std::uint8_t> into, const std::filesystem::path& path) {
  for (;;) {
    const ssize_t n = ::read(file.get(), into.data(), into.size());
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) fail(path, errno);
  }
}

inline void write_all(const Descriptor& file, ByteView bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

}  // namespace lamp::posix
