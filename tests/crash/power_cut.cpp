// Preloaded into a program, cuts the power at its n-th act that changes something outside of it, counted from 1:
//   LAMP_POWER_ROOT=FOLDER   what lies in it forgets whatever was not synced: bytes without fsync() or fdatasync() of
//   the file,
//                            new, renamed, linked and removed names without fsync() of their folder
//   LAMP_CUT_AT=n            writes, syncs, changes of names, and transfers to USB devices all count
//   LAMP_CUT_COUNT=FILE      at the end of a program that was not cut: how many acts there were
// Nothing of what may be lost survives; a disk that keeps some of it is what a kill without a power cut shows.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace {

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

using Content = std::string;

/// Undone in the opposite order: what a name stood for before, or that it did not exist.
struct NameChange {
  std::string path;
  std::optional<Content> before;
  mode_t mode = 0600;
  bool is_folder = false;
};

struct State {
  std::recursive_mutex mutex;              // the end of the world waits for no other thread, and none gets past it
  std::map<std::string, Content> durable;  // of files with unsynced bytes: their content at the last sync
  std::vector<NameChange> names;
  long acts = 0;
};

State& state() {
  static auto* const it = new State;  // threads outlive main's end
  return *it;
}

const std::string& root() {
  static const auto* const folder =
      new std::string{std::getenv("LAMP_POWER_ROOT") != nullptr ? std::getenv("LAMP_POWER_ROOT") : ""};
  return *folder;
}

bool is_ours(const std::string& path) { return !root().empty() && path.rfind(root() + "/", 0) == 0; }

std::string absolute(const char* path) {
  if (path == nullptr) return {};
  if (*path == '/') return path;
  char here[4096];
  return ::getcwd(here, sizeof here) == nullptr ? std::string{} : std::string{here} + "/" + path;
}

std::string path_of(int fd) {
  char target[4096];
  const auto link = "/proc/self/fd/" + std::to_string(fd);
  const auto size = ::readlink(link.c_str(), target, sizeof target);
  return size <= 0 ? std::string{} : std::string(target, static_cast<std::size_t>(size));
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::optional<Content> content_of(const std::string& path) {
  static const auto next_read = real<ssize_t (*)(int, void*, size_t)>("read");
  static const auto next_open = real<int (*)(const char*, int, ...)>("open");
  const int fd = next_open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  Content content;
  char buffer[65536];
  for (ssize_t n = 0; (n = next_read(fd, buffer, sizeof buffer)) > 0;)
    content.append(buffer, static_cast<std::size_t>(n));
  ::close(fd);
  return content;
}

/// Through the program's own descriptor: to close another one of the same file would drop its POSIX locks.
std::optional<Content> content_of(int fd, const std::string& path) {
  Content content;
  char buffer[65536];
  off_t at = 0;
  for (ssize_t n = 0; (n = ::pread(fd, buffer, sizeof buffer, at)) != 0; at += n) {
    if (n < 0) return content_of(path);  // open for writing only
    content.append(buffer, static_cast<std::size_t>(n));
  }
  return content;
}

void restore(const std::string& path, const Content& content, mode_t mode) {
  static const auto next_write = real<ssize_t (*)(int, const void*, size_t)>("write");
  static const auto next_open = real<int (*)(const char*, int, ...)>("open");
  const int fd = next_open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return;
  for (std::size_t at = 0; at < content.size();) {
    const auto n = next_write(fd, content.data() + at, content.size() - at);
    if (n <= 0) break;
    at += static_cast<std::size_t>(n);
  }
  ::close(fd);
}

void remove_all(const std::string& folder) {
  static const auto next_unlink = real<int (*)(const char*)>("unlink");
  static const auto next_rmdir = real<int (*)(const char*)>("rmdir");
  if (DIR* open = ::opendir(folder.c_str())) {
    while (const dirent* entry = ::readdir(open)) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      const auto path = folder + "/" + name;
      if (entry->d_type == DT_DIR)
        remove_all(path);
      else
        next_unlink(path.c_str());
    }
    ::closedir(open);
  }
  next_rmdir(folder.c_str());
}

[[noreturn]] void cut_the_power() {
  static const auto next_unlink = real<int (*)(const char*)>("unlink");
  auto& s = state();
  for (const auto& [path, content] : s.durable)
    if (::access(path.c_str(), F_OK) == 0) restore(path, content, 0600);
  for (auto change = s.names.rbegin(); change != s.names.rend(); ++change) {
    if (change->before)
      restore(change->path, *change->before, change->mode);
    else if (change->is_folder)
      remove_all(change->path);
    else
      next_unlink(change->path.c_str());
  }
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

/// One act; the power may go before it.
void act() {
  static const long at = [] {
    const char* text = std::getenv("LAMP_CUT_AT");
    return text == nullptr ? 0L : std::strtol(text, nullptr, 10);
  }();
  if (++state().acts == at) cut_the_power();
}

using Guard = std::lock_guard<std::recursive_mutex>;

/// Before bytes of an open file change.
void about_to_change(int fd) {
  struct stat status{};
  if (root().empty() || ::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
  const auto path = path_of(fd);
  if (!is_ours(path) || path.ends_with("-shm")) return;  // SQLite's index of a journal is made anew
  act();
  auto& durable = state().durable;
  if (durable.count(path) == 0) durable.emplace(path, content_of(fd, path).value_or(Content{}));
}

void name_changes(const std::string& path, bool is_folder = false) {
  struct stat status{};
  NameChange change{path, std::nullopt, 0600, is_folder};
  if (!is_folder && ::stat(path.c_str(), &status) == 0) {
    change.mode = status.st_mode & 0777;
    // A name stands for what is durable of its file.
    const auto dirty = state().durable.find(path);
    change.before = dirty != state().durable.end() ? std::optional{dirty->second} : content_of(path);
  }
  state().names.push_back(std::move(change));
}

template <class Call>
int synced(int fd, Call&& call) {
  const Guard guard{state().mutex};
  const auto path = path_of(fd);
  if (!is_ours(path) && path != root()) return call();
  act();
  const int result = call();
  if (result != 0) return result;
  state().durable.erase(path);
  std::vector<NameChange> left;
  for (auto& change : state().names)
    if (folder_of(change.path) != path) left.push_back(std::move(change));
  state().names = std::move(left);
  return result;
}

template <class Call>
int opened(const char* path, int flags, Call&& call) {
  const auto where = absolute(path);
  if ((flags & (O_CREAT | O_TRUNC)) == 0 || !is_ours(where)) return call();
  const Guard guard{state().mutex};
  struct stat status{};
  const bool is_new = ::stat(where.c_str(), &status) != 0;
  const bool is_emptied = !is_new && (flags & O_TRUNC) != 0;
  if (is_new || is_emptied) act();
  if (is_emptied && state().durable.count(where) == 0)
    state().durable.emplace(where, content_of(where).value_or(Content{}));
  if (is_new && (flags & O_CREAT) != 0) name_changes(where);
  return call();
}

struct CountAtEnd {
  ~CountAtEnd() {
    const char* file = std::getenv("LAMP_CUT_COUNT");
    if (file == nullptr) return;
    if (FILE* out = std::fopen(file, "w")) {
      std::fprintf(out, "%ld\n", state().acts);
      std::fclose(out);
    }
  }
} count_at_end;

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto next = real<ssize_t (*)(int, const void*, size_t)>("write");
  const Guard guard{state().mutex};
  about_to_change(fd);
  return next(fd, bytes, size);
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  static const auto next = real<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  const Guard guard{state().mutex};
  about_to_change(fd);
  return next(fd, bytes, size, at);
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  static const auto next = real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  const Guard guard{state().mutex};
  about_to_change(fd);
  return next(fd, bytes, size, at);
}

int ftruncate64(int fd, off64_t size) {
  static const auto next = real<int (*)(int, off64_t)>("ftruncate64");
  const Guard guard{state().mutex};
  about_to_change(fd);
  return next(fd, size);
}

int ftruncate(int fd, off_t size) {
  static const auto next = real<int (*)(int, off_t)>("ftruncate");
  const Guard guard{state().mutex};
  about_to_change(fd);
  return next(fd, size);
}

int fsync(int fd) {
  static const auto next = real<int (*)(int)>("fsync");
  return synced(fd, [&] { return next(fd); });
}

int fdatasync(int fd) {
  static const auto next = real<int (*)(int)>("fdatasync");
  return synced(fd, [&] { return next(fd); });
}

int open(const char* path, int flags, ...) {
  static const auto next = real<int (*)(const char*, int, ...)>("open");
  va_list more;
  va_start(more, flags);
  const auto mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return opened(path, flags, [&] { return next(path, flags, mode); });
}

int open64(const char* path, int flags, ...) {
  static const auto next = real<int (*)(const char*, int, ...)>("open64");
  va_list more;
  va_start(more, flags);
  const auto mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return opened(path, flags, [&] { return next(path, flags, mode); });
}

int mkdir(const char* path, mode_t mode) {
  static const auto next = real<int (*)(const char*, mode_t)>("mkdir");
  const auto where = absolute(path);
  if (!is_ours(where)) return next(path, mode);
  const Guard guard{state().mutex};
  act();
  const int result = next(path, mode);
  if (result == 0) name_changes(where, true);
  return result;
}

int rename(const char* from, const char* to) {
  static const auto next = real<int (*)(const char*, const char*)>("rename");
  const auto source = absolute(from), target = absolute(to);
  if (!is_ours(target)) return next(from, to);
  const Guard guard{state().mutex};
  act();
  name_changes(target);
  auto& durable = state().durable;
  durable.erase(target);
  const auto dirty = durable.find(source);
  std::optional<Content> unsynced;
  if (dirty != durable.end()) {
    unsynced = std::move(dirty->second);
    durable.erase(dirty);
  }
  const int result = next(from, to);
  // Its bytes were not synced before it got its name: the name may stand for nothing.
  if (unsynced) durable.emplace(target, std::move(*unsynced));
  return result;
}

int link(const char* from, const char* to) {
  static const auto next = real<int (*)(const char*, const char*)>("link");
  const auto target = absolute(to);
  if (!is_ours(target)) return next(from, to);
  const Guard guard{state().mutex};
  act();
  const int result = next(from, to);
  if (result == 0) state().names.push_back({target, std::nullopt, 0600, false});
  return result;
}

int unlink(const char* path) {
  static const auto next = real<int (*)(const char*)>("unlink");
  const auto where = absolute(path);
  if (!is_ours(where)) return next(path);
  const Guard guard{state().mutex};
  struct stat status{};
  if (::stat(where.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
    act();
    name_changes(where);
    state().durable.erase(where);
  }
  return next(path);
}

int ioctl(int fd, unsigned long request, ...) {
  static const auto next = real<int (*)(int, unsigned long, ...)>("ioctl");
  va_list more;
  va_start(more, request);
  void* const argument = va_arg(more, void*);
  va_end(more);
  if (request == USBDEVFS_SUBMITURB) {
    const Guard guard{state().mutex};
    act();
  }
  return next(fd, request, argument);
}

}  // extern "C"
