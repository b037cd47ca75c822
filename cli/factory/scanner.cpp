#include "cli/factory/scanner.hpp"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <istream>
#include <system_error>

#include "cli/stop_signal.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {
namespace {

constexpr std::size_t kLongestScan = 1024;

/// Collects bytes to a line. Scanners end a label with CR, LF or both.
class ScannedLine {
 public:
  /// True when the byte ended a line that is not empty.
  bool take(std::uint8_t byte) {
    if (byte == '\r' || byte == '\n') return !line_.empty();
    if (line_.size() <= kLongestScan) line_.push_back(byte);
    return false;
  }
  [[nodiscard]] bool empty() const noexcept { return line_.empty(); }
  SecureBytes finish() {
    auto line = std::move(line_);
    line_ = {};
    if (line.size() > kLongestScan) throw Error{Errc::bad_input, "what was scanned is longer than any label"};
    return line;
  }

 private:
  SecureBytes line_;
};

class StreamScanner final : public Scanner {
 public:
  explicit StreamScanner(std::istream& in) : in_{in} {}
  std::optional<SecureBytes> next() override {
    ScannedLine line;
    for (int c = in_.get(); c != std::istream::traits_type::eof(); c = in_.get())
      if (line.take(static_cast<std::uint8_t>(c))) return line.finish();
    if (line.empty()) return std::nullopt;
    return line.finish();
  }

 private:
  std::istream& in_;
};

class TypedScanner final : public Scanner {
 public:
  explicit TypedScanner(Terminal& terminal) : terminal_{terminal} {}
  std::optional<SecureBytes> next() override {
    const auto typed = terminal_.ask_secret("scan a label, or press return to end: ");
    if (typed.size() == 0) return std::nullopt;
    const auto text = typed.expose_secret();
    ScannedLine line;
    for (const auto byte : text)
      if (line.take(byte)) break;
    return line.finish();
  }

 private:
  Terminal& terminal_;
};

speed_t speed_of(std::uint64_t baud) {
  switch (baud) {
    case 1200: return B1200;
    case 2400: return B2400;
    case 4800: return B4800;
    case 9600: return B9600;
    case 19200: return B19200;
    case 38400: return B38400;
    case 57600: return B57600;
    case 115200: return B115200;
    default: throw UsageError{"--baud: one of 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200"};
  }
}

Error cannot(const std::string& what) {
  return Error{errno == EACCES ? Errc::denied : Errc::unavailable, what + ": " + std::system_category().message(errno)};
}

/// A serial port until a signal says to stop.
class SerialScanner final : public Scanner {
 public:
  SerialScanner(const std::string& device, speed_t speed)
      : port_{::open(device.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)} {
    if (port_ < 0) throw cannot("scanner " + device);
    termios raw{};
    if (::tcgetattr(port_, &raw) != 0) {
      ::close(port_);
      throw Error{Errc::bad_input, "scanner " + device + " is not a serial port"};
    }
    ::cfmakeraw(&raw);
    raw.c_cflag |= CLOCAL | CREAD;
    ::cfsetispeed(&raw, speed);
    ::cfsetospeed(&raw, speed);
    ::tcsetattr(port_, TCSANOW, &raw);
  }
  SerialScanner(const SerialScanner&) = delete;
  SerialScanner& operator=(const SerialScanner&) = delete;
  ~SerialScanner() override { ::close(port_); }

  std::optional<SecureBytes> next() override {
    for (;;) {
      while (at_ < had_)
        if (line_.take(buffer_[at_++])) return line_.finish();
      std::array<pollfd, 2> waiting{pollfd{port_, POLLIN, 0}, pollfd{stop_.descriptor(), POLLIN, 0}};
      if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) throw cannot("scanner");
      if (waiting[1].revents != 0) return std::nullopt;
      const auto got = ::read(port_, buffer_.data(), buffer_.size());
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (got <= 0) throw Error{Errc::unavailable, "the scanner is gone; plug it in again"};
      at_ = 0;
      had_ = static_cast<std::size_t>(got);
    }
  }

 private:
  StopSignal stop_;
  int port_;
  ScannedLine line_;
  SecureBytes buffer_ = SecureBytes(256);
  std::size_t at_ = 0, had_ = 0;
};

}  // namespace

std::unique_ptr<Scanner> open_scanner(const std::string& device, std::uint64_t baud, World& world) {
  const auto speed = speed_of(baud);
  if (!device.empty() && device != "-") return std::make_unique<SerialScanner>(device, speed);
  if (device.empty() && ::isatty(STDIN_FILENO) == 1) return std::make_unique<TypedScanner>(world.terminal);
  return std::make_unique<StreamScanner>(world.in);
}

}  // namespace lamp::cli
