// Preloaded into a program, kills it (-9) at its n-th act that changes something outside of it, counted from 1:
//   LAMP_KILL_AT=n        before the act, or after it with LAMP_KILL_AFTER=1
//   LAMP_KILL_ON=sync     counts only fsync and fdatasync; rename: renames; socket: what is sent to a token's server;
//   usb: what
//                         is handed to a USB device
#include <dlfcn.h>
#include <linux/usbdevice_fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<long> acts{0};

long wanted() {
  static const long at = [] {
    const char* text = std::getenv("LAMP_KILL_AT");
    return text == nullptr ? 0L : std::strtol(text, nullptr, 10);
  }();
  return at;
}

bool after() {
  static const bool late = std::getenv("LAMP_KILL_AFTER") != nullptr;
  return late;
}

bool counts(const char* kind) {
  static const char* const only = std::getenv("LAMP_KILL_ON");
  return only == nullptr || std::strcmp(only, kind) == 0;
}

bool is_socket(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

template <class Call>
auto counted(const char* kind, Call&& call) {
  const bool here = counts(kind) && ++acts == wanted();
  if (here && !after()) ::kill(::getpid(), SIGKILL);
  const auto result = call();
  if (here) ::kill(::getpid(), SIGKILL);
  return result;
}

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto next = real<ssize_t (*)(int, const void*, size_t)>("write");
  // What a person reads on the terminal is not what has to survive.
  if (fd <= 2) return next(fd, bytes, size);
  return counted(is_socket(fd) ? "socket" : "write", [&] { return next(fd, bytes, size); });
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  static const auto next = real<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return counted("write", [&] { return next(fd, bytes, size, at); });
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  static const auto next = real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return counted("write", [&] { return next(fd, bytes, size, at); });
}

int fsync(int fd) {
  static const auto next = real<int (*)(int)>("fsync");
  return counted("sync", [&] { return next(fd); });
}

int fdatasync(int fd) {
  static const auto next = real<int (*)(int)>("fdatasync");
  return counted("sync", [&] { return next(fd); });
}

int rename(const char* from, const char* to) {
  static const auto next = real<int (*)(const char*, const char*)>("rename");
  return counted("rename", [&] { return next(from, to); });
}

int unlink(const char* path) {
  static const auto next = real<int (*)(const char*)>("unlink");
  return counted("removal", [&] { return next(path); });
}

int ftruncate64(int fd, off64_t size) {
  static const auto next = real<int (*)(int, off64_t)>("ftruncate64");
  return counted("write", [&] { return next(fd, size); });
}

int ftruncate(int fd, off_t size) {
  static const auto next = real<int (*)(int, off_t)>("ftruncate");
  return counted("write", [&] { return next(fd, size); });
}

/// The token's server listens on a socket: a kill before and after each of its requests.
ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  static const auto next = real<ssize_t (*)(int, const void*, size_t, int)>("send");
  return counted("socket", [&] { return next(fd, bytes, size, flags); });
}

int ioctl(int fd, unsigned long request, ...) {
  static const auto next = real<int (*)(int, unsigned long, ...)>("ioctl");
  va_list more;
  va_start(more, request);
  void* const argument = va_arg(more, void*);
  va_end(more);
  if (request != USBDEVFS_SUBMITURB) return next(fd, request, argument);
  return counted("usb", [&] { return next(fd, request, argument); });
}

}  // extern "C"
