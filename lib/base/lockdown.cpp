#include "lib/base/lockdown.hpp"

#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <system_error>

#include "lib/base/error.hpp"
#include "lib/base/sanitizer.hpp"
#include "lib/base/secret.hpp"

namespace lamp {
namespace {

bool locked_down = false;

[[noreturn]] void refuse(const std::string& what, int error) {
  throw Error{Errc::unavailable, "this host does not let the process " + what + " (" +
                                     std::generic_category().message(error) +
                                     "), and without that no secret is put together here: use a host, or a container, "
                                     "that allows it"};
}

void forbid_dumps() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) refuse("give up core files", errno);
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
    refuse("keep debuggers away", errno);
}

/// Calls that would carry memory or the process itself somewhere else. They fail, so that a module that tries one
/// reports an error instead of dying in the middle of its work.
constexpr std::array kForbidden{SCMP_SYS(execve),
                                SCMP_SYS(execveat),
                                SCMP_SYS(fork),
                                SCMP_SYS(vfork),
                                SCMP_SYS(ptrace),
                                SCMP_SYS(process_vm_readv),
                                SCMP_SYS(process_vm_writev),
                                SCMP_SYS(pidfd_getfd),
                                SCMP_SYS(kcmp),
                                SCMP_SYS(perf_event_open),
                                SCMP_SYS(bpf),
                                SCMP_SYS(userfaultfd),
                                SCMP_SYS(io_uring_setup),
                                SCMP_SYS(process_madvise)};

void forbid_calls() {
  const std::unique_ptr<void, void (*)(void*)> filter{::seccomp_init(SCMP_ACT_ALLOW), ::seccomp_release};
  if (!filter) refuse("restrict its system calls", ENOMEM);
  int failed = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  for (const int call : kForbidden)
    if (failed == 0) failed = ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0);
  // A thread shares this process's memory; anything else that clone makes is another process.
  const scmp_arg_cmp no_thread{0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0};
  if (failed == 0)
    failed = ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, &no_thread);
  // Its flags lie in memory, which a filter cannot read. The C library falls back to clone.
  if (failed == 0) failed = ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  if (failed == 0) failed = ::seccomp_load(filter.get());
  if (failed != 0) refuse("restrict its system calls (seccomp)", -failed);
  constexpr int kFiltered = 2;
  if (::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != kFiltered) refuse("restrict its system calls (seccomp)", EPERM);
}

std::uint64_t kilobytes(const std::string& line, std::size_t from) {
  std::istringstream number{line.substr(from)};
  std::uint64_t value = 0;
  number >> value;
  return value;
}

// No memory is locked in builds with AddressSanitizer, which hold no real secrets.
constexpr bool kCanLock = !kAddressSanitizer;

/// Whether the mapping that holds the address is locked as a whole.
bool is_locked(const std::uint8_t* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps{"/proc/self/smaps"};
  bool inside = false;
  std::uint64_t size = 0;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t low = 0, high = 0;
    char dash = 0;
    std::istringstream head{line};
    if (head >> std::hex >> low >> dash >> high && dash == '-') inside = low <= wanted && wanted < high;
    if (!inside) continue;
    if (line.starts_with("Size:")) size = kilobytes(line, 5);
    if (line.starts_with("Locked:")) return size != 0 && kilobytes(line, 7) == size;
  }
  return false;
}

/// What secrets are held in, of the sizes that there are: PIN, share, sealed box.
void require_locked_allocations() {
  for (const std::size_t size : {32U, 96U, 256U}) {
    const SecureBytes sample(size, 1);
    require_locked_memory(sample);
  }
}

}  // namespace

void lock_down() {
  if (locked_down) return;
  forbid_dumps();
  locked_down = true;
  try {
    require_locked_allocations();
    forbid_calls();
  } catch (const Error&) {
    locked_down = false;
    throw;
  }
}

bool is_locked_down() noexcept { return locked_down; }

void require_locked_memory(ByteView secret) {
  if (!kCanLock || !locked_down || secret.empty()) return;
  if (is_locked(secret.data()) && is_locked(&secret.back())) return;
  throw Error{Errc::unavailable,
              "a secret would lie in memory that can be swapped out: this account may lock too little of it; raise the "
              "limit to 1024 KiB or more (ulimit -l, or LimitMEMLOCK= of a service)"};
}

std::uint64_t locked_memory() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmLck:")) return kilobytes(line, 6) * 1024;
  throw Error{Errc::unavailable, "/proc/self/status does not say how much memory is locked: is /proc mounted?"};
}

}  // namespace lamp
