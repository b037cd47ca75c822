// To be preloaded: kills its process (-9) at one of its durable acts, counted from 1.
//   LAMP_KILL_ON=sync     before the n-th fsync or fdatasync
//   LAMP_KILL_ON=rename   after the n-th rename: a published file is there, what follows it is not
//   LAMP_KILL_ON=socket   after the n-th write to a socket: a token behind `p11-kit server` still does what it was
//   asked LAMP_KILL_AT=n
#include <dlfcn.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace {

void count(const char* what) {
  static std::atomic<long> acts{0};
  const char* on = std::getenv("LAMP_KILL_ON");
  const char* at = std::getenv("LAMP_KILL_AT");
  if (on == nullptr || at == nullptr || std::strcmp(on, what) != 0) return;
  if (++acts == std::atol(at)) ::kill(::getpid(), SIGKILL);
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

void count_if_socket(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode)) count("socket");
}

}  // namespace

extern "C" {

int fsync(int fd) {
  static const auto real = next<int (*)(int)>("fsync");
  count("sync");
  return real(fd);
}

int fdatasync(int fd) {
  static const auto real = next<int (*)(int)>("fdatasync");
  count("sync");
  return real(fd);
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  const int result = real(from, to);
  count("rename");
  return result;
}

ssize_t write(int fd, const void* data, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  const auto result = real(fd, data, size);
  count_if_socket(fd);
  return result;
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, int)>("send");
  const auto result = real(fd, data, size, flags);
  count_if_socket(fd);
  return result;
}
}
