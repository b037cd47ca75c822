#include "cli/world.hpp"

#include <botan/system_rng.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {
namespace {

enum class Echo { off, on };

/// /dev/tty, with echo off while it lives unless it is to be seen.
class OpenTerminal {
 public:
  explicit OpenTerminal(Echo echo) : fd_{::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)} {
    if (fd_ < 0)
      throw Error{Errc::unavailable, echo == Echo::off
                                         ? "no terminal to ask a secret at; name a file of mode 0600 instead"
                                         : "no terminal to ask at"};
    if (::tcgetattr(fd_, &before_) != 0) {
      ::close(fd_);
      throw Error{Errc::unavailable, "the terminal does not answer"};
    }
    termios quiet = before_;
    if (echo == Echo::off) {
      quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
      quiet.c_lflag |= ECHONL;
    }
    ::tcsetattr(fd_, TCSAFLUSH, &quiet);
  }
  OpenTerminal(const OpenTerminal&) = delete;
  OpenTerminal& operator=(const OpenTerminal&) = delete;
  ~OpenTerminal() {
    ::tcsetattr(fd_, TCSAFLUSH, &before_);
    ::close(fd_);
  }

  SecureBytes ask(std::string_view prompt) const {
    if (::write(fd_, prompt.data(), prompt.size()) < 0) throw Error{Errc::unavailable, "the terminal does not answer"};
    SecureBytes line;
    for (std::uint8_t c = 0; ::read(fd_, &c, 1) == 1 && c != '\n';) line.push_back(c);
    return line;
  }

 private:
  int fd_;
  termios before_{};
};

class RealTerminal final : public Terminal {
 public:
  Passphrase ask_secret(std::string_view prompt) override { return Passphrase{OpenTerminal{Echo::off}.ask(prompt)}; }
  std::string ask(std::string_view prompt) override { return to_text(OpenTerminal{Echo::on}.ask(prompt)); }
  [[nodiscard]] bool is_interactive() const override { return ::isatty(STDOUT_FILENO) == 1; }
  [[nodiscard]] TerminalSize size() const override {
    winsize window{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row == 0 || window.ws_col == 0) return {};
    return {window.ws_row, window.ws_col};
  }
};

/// Memory of a program that holds PINs belongs in no core file and before no debugger of the same user.
void forbid_memory_dumps() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace

World with_prose_aside(World& world) {
  return {world.clock, world.rng, world.terminal, world.in, world.err, world.err, world.site};
}

std::string Terminal::ask(std::string_view) { throw Error{Errc::unavailable, "no terminal to ask at"}; }

struct RealWorld::Impl {
  SystemClock clock;
  RealTerminal terminal;
  World world{clock, Botan::system_rng(), terminal, std::cin, std::cout, std::cerr, {}};
};

RealWorld::RealWorld() {
  forbid_memory_dumps();
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe or peer is an error we report, not a death
  impl_ = std::make_unique<Impl>();
}

RealWorld::~RealWorld() = default;

World& RealWorld::world() noexcept { return impl_->world; }

}  // namespace lamp::cli
