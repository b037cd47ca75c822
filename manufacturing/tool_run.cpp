#include "manufacturing/tool_run.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <thread>

#include "lib/base/posix_file.hpp"

namespace lamp::manufacturing {
namespace {

constexpr std::chrono::milliseconds kLook{5};
constexpr std::size_t kMaxOutput = 1U << 20;
constexpr int kSecretDescriptor = 3;

/// A file that has no name: nobody else can open it, and it ends with its last user.
posix::Descriptor memory_file(const char* what) {
  posix::Descriptor file{::memfd_create(what, MFD_CLOEXEC)};
  if (file.get() < 0) posix::fail(what, errno);
  return file;
}

void rewind(const posix::Descriptor& file) {
  if (::lseek(file.get(), 0, SEEK_SET) < 0) posix::fail("memory file", errno);
}

SecureBytes content_of(const posix::Descriptor& file) {
  rewind(file);
  SecureBytes bytes(kMaxOutput);
  std::size_t size = 0;
  while (size < bytes.size()) {
    const auto n = posix::read_some(file, std::span{bytes}.subspan(size), "output of a program");
    if (n == 0) break;
    size += n;
  }
  bytes.resize(size);
  return bytes;
}

std::string text_of(const posix::Descriptor& file) { return to_text(content_of(file)); }

pid_t spawn(const std::vector<std::string>& command, const posix::Descriptor& out, const posix::Descriptor& err,
            const posix::Descriptor& secret) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, err.get(), 2);
  posix_spawn_file_actions_adddup2(&actions, secret.get(), kSecretDescriptor);
  auto words = command;
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, pointers.front(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw Error{posix::code_of(failed), "starting " + command.front() + ": " + posix::reason(failed)};
  return child;
}

int await(pid_t child, std::chrono::seconds limit, const std::string& name) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (int status = 0; std::chrono::steady_clock::now() < deadline; std::this_thread::sleep_for(kLook)) {
    if (::waitpid(child, &status, WNOHANG) != child) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  throw Error{Errc::unavailable, name + " took longer than " + std::to_string(limit.count()) + " seconds"};
}

}  // namespace

ToolResult run_tool(const std::vector<std::string>& command, ByteView secret, std::chrono::seconds limit) {
  const auto out = memory_file("out"), err = memory_file("err"), hidden = memory_file("input");
  posix::write_all(hidden, secret, "memory file");
  rewind(hidden);
  const int status = await(spawn(command, out, err, hidden), limit, command.front());
  return {status, text_of(out), text_of(err), content_of(hidden)};
}

}  // namespace lamp::manufacturing
