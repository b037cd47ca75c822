#include "cli/sim/child_process.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "lib/base/error.hpp"
#include "lib/base/sanitizer.hpp"

namespace lamp::sim {

namespace {

constexpr const char* kRestarted = "LAMP_SIM_RESTARTED";

sigset_t held_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD}) sigaddset(&signals, number);
  return signals;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> own_command_line() {
  std::ifstream file{"/proc/self/cmdline", std::ios::binary};
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

pid_t start(const std::vector<std::string>& command) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  auto words = command;
  pid_t child = 0;
  const int failed = posix_spawnp(&child, words[0].c_str(), nullptr, &attributes, pointers_to(words).data(), environ);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) throw Error{Errc::not_found, "starting " + command[0] + ": " + std::strerror(failed)};
  return child;
}

}  // namespace

void restart_preloaded(const char* library) {
  if (std::getenv(kRestarted) != nullptr)
    throw Error{Errc::unavailable, std::string{library} + " is not installed (Debian: apt install umockdev)"};
  std::string preload{library};
  if (const char* before = std::getenv("LD_PRELOAD"); before != nullptr && *before != '\0')
    preload += std::string{":"} + before;
  setenv("LD_PRELOAD", preload.c_str(), 1);
  setenv(kRestarted, "1", 1);
  // The preloaded library comes before the sanitizer's.
  if (kAddressSanitizer) setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 0);
  auto words = own_command_line();
  execv("/proc/self/exe", pointers_to(words).data());
  throw Error{Errc::unavailable, std::string{"starting lamp-sim again: "} + std::strerror(errno)};
}

void prepare_environment() {
  const auto folder =
      guarded(Errc::unavailable, [] { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); });
  const char* const path = std::getenv("PATH");
  unsetenv(kRestarted);
  setenv("PATH", (folder.string() + ":" + (path != nullptr ? path : "/usr/bin:/bin")).c_str(), 1);
}

HeldSignals::HeldSignals() {
  const auto signals = held_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

HeldSignals::~HeldSignals() {
  const auto signals = held_signals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

int HeldSignals::run(const std::vector<std::string>& command) {
  const auto signals = held_signals();
  const pid_t child = start(command);
  for (;;) {
    siginfo_t info;
    const int number = sigwaitinfo(&signals, &info);
    // What the terminal sends reaches the whole process group by itself.
    if (number > 0 && number != SIGCHLD && info.si_code != SI_KERNEL) kill(child, number);
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

}  // namespace lamp::sim
