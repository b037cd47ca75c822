// Each test runs in a process of its own, started anew: what a process gives up it does not get back, and locked memory
// is not inherited.
#include "lib/base/lockdown.hpp"

#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <thread>

#include "lib/base/error.hpp"
#include "lib/base/sanitizer.hpp"
#include "lib/base/secret.hpp"

namespace lamp {
namespace {

/// Ends this process: 0 when it could be locked down and `holds` then, 1 when it does not hold, 3 when it could not be.
[[noreturn]] void locked_down_and(const std::function<bool()>& holds) {
  const auto outcome = attempt([&] {
    lock_down();
    return holds();
  });
  if (const auto* why = std::get_if<Error>(&outcome)) {
    std::cerr << why->what() << '\n';
    ::_exit(3);
  }
  ::_exit(std::get<bool>(outcome) ? 0 : 1);
}

bool refused(long result) { return result == -1 && errno == EPERM; }

[[maybe_unused]] bool objects_to(ByteView secret) {
  return std::holds_alternative<Error>(attempt([&] {
    require_locked_memory(secret);
    return true;
  }));
}

class LockedDown : public testing::Test {
 protected:
  LockedDown() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};
using NotLockedDown = LockedDown;
using testing::ExitedWithCode;

TEST_F(LockedDown, AProcessExecutesNothing) {
  EXPECT_EXIT(locked_down_and([] { return refused(::execl("/bin/true", "true", nullptr)); }), ExitedWithCode(0), "");
}

TEST_F(LockedDown, AProcessStartsNoOther) {
  EXPECT_EXIT(locked_down_and([] {
                const pid_t child = ::fork();
                if (child == 0) ::_exit(0);
                return refused(child);
              }),
              ExitedWithCode(0), "");
}

TEST_F(LockedDown, AProcessMayStartThreads) {
  EXPECT_EXIT(locked_down_and([] {
                bool ran = false;
                std::thread{[&] { ran = true; }}.join();
                return ran;
              }),
              ExitedWithCode(0), "");
}

TEST_F(LockedDown, AProcessTracesAndReadsNobody) {
  EXPECT_EXIT(locked_down_and([] {
                char here = 0;
                const iovec local{&here, 1}, remote{&here, 1};
                return refused(::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr)) &&
                       refused(::process_vm_readv(::getppid(), &local, 1, &remote, 1, 0));
              }),
              ExitedWithCode(0), "");
}

TEST_F(LockedDown, AProcessLeavesNoCore) {
  const auto without_core = [](int status) {
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && !WCOREDUMP(status);
  };
  EXPECT_EXIT(locked_down_and([] {
                rlimit limit{};
                ::getrlimit(RLIMIT_CORE, &limit);
                if (limit.rlim_max != 0) return false;
                (void)std::signal(SIGABRT, SIG_DFL);
                return ::kill(::getpid(), SIGABRT) == 0;
              }),
              without_core, "");
}

#ifndef LAMP_ADDRESS_SANITIZER  // which replaces mlock() by nothing
TEST_F(LockedDown, APinLiesInLockedMemory) {
  EXPECT_EXIT(locked_down_and([] {
                const Pin pin{SecureBytes(32, 'A')};
                return !objects_to(pin.expose_secret()) && locked_memory() > 0 && is_locked_down();
              }),
              ExitedWithCode(0), "");
}

TEST_F(LockedDown, ASecretThatIsNotLockedIsNoticed) {
  EXPECT_EXIT(locked_down_and([] { return objects_to(Bytes(32, 'A')) && objects_to(SecureBytes(4U << 20U, 'A')); }),
              ExitedWithCode(0), "");
}

TEST_F(NotLockedDown, IsAProcessThatMayLockNoMemory) {
  // The child that is started anew gives its secrets their memory before main, under this limit.
  ::setenv("BOTAN_MLOCK_POOL_SIZE", "0", 1);
  EXPECT_EXIT(locked_down_and([] { return true; }), ExitedWithCode(3), "ulimit -l");
  ::unsetenv("BOTAN_MLOCK_POOL_SIZE");
}
#endif

TEST_F(NotLockedDown, AProcessMayHoldSecretsAnywhere) {
  EXPECT_FALSE(is_locked_down());
  EXPECT_NO_THROW(require_locked_memory(Bytes(32, 1)));
}

}  // namespace
}  // namespace lamp
