#include "cli/sim/doorbell.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "lib/base/error.hpp"

namespace lamp::sim {

namespace {

constexpr std::size_t kPage = 4096;  // the smallest that a pipe can be

[[noreturn]] void fail() {
  throw Error{Errc::unavailable, "making the node of a virtual device: " + std::string{std::strerror(errno)}};
}

posix::Descriptor make_pipe(const std::filesystem::path& path) {
  if (::mkfifo(path.c_str(), 0600) != 0) fail();
  posix::Descriptor pipe{::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  if (pipe.get() < 0 || ::fcntl(pipe.get(), F_SETPIPE_SZ, kPage) < 0) fail();
  return pipe;
}

}  // namespace

Doorbell::Doorbell(std::filesystem::path pipe) : path_{std::move(pipe)}, pipe_{make_pipe(path_)} { be_silent(); }

void Doorbell::hang_at(const std::filesystem::path& node) const {
  const auto made = node.string() + ".new";
  if (::link(path_.c_str(), made.c_str()) != 0) fail();
  if (::rename(made.c_str(), node.c_str()) != 0) fail();
}

void Doorbell::ring() noexcept {
  if (rings_) return;
  std::array<char, kPage> page;
  rings_ = ::read(pipe_.get(), page.data(), page.size()) > 0;
}

void Doorbell::be_silent() noexcept {
  if (!rings_) return;
  const std::array<char, kPage> page{};
  rings_ = ::write(pipe_.get(), page.data(), page.size()) <= 0;
}

}  // namespace lamp::sim
