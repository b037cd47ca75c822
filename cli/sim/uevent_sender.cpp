#include "cli/sim/uevent_sender.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "lib/base/error.hpp"

namespace lamp::sim {

namespace {

constexpr timeval kPatience{10, 0};

/// What libudev puts before the properties, in the order of its own struct (systemd, sd-device's device-monitor.c).
/// Listeners that want one subsystem filter by the hashes.
struct MonitorHeader {
  char prefix[8] = "libudev";
  std::uint32_t magic = htonl(0xfeedcafe);
  std::uint32_t header_size = sizeof(MonitorHeader);
  std::uint32_t properties_offset = sizeof(MonitorHeader);
  std::uint32_t properties_size = 0;
  std::uint32_t subsystem_hash = htonl(0x0577c5e5);  // MurmurHash2 of "usb"
  std::uint32_t devtype_hash = htonl(0x27f8f50c);    // and of "usb_device"
  std::uint32_t tag_bloom[2] = {};
};
static_assert(sizeof(MonitorHeader) == 40);

class Socket {
 public:
  Socket() : fd_{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    if (fd_ < 0 || setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience) != 0)
      throw Error{Errc::unavailable,
                  "cannot make a socket for hot-plug events: " + std::generic_category().message(errno)};
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(fd_); }
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

/// Whether the error means that nobody listens there any more.
bool has_ended(int error) noexcept {
  return error == ECONNREFUSED || error == ENOENT || error == EPIPE || error == ECONNRESET;
}

void tell(const Socket& socket, const std::filesystem::path& listener, std::string_view message) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto& name = listener.native();
  if (name.size() >= sizeof address.sun_path)
    throw Error{Errc::bad_input, "the path is too long for a socket: " + name};
  name.copy(address.sun_path, name.size());
  const auto* const to = reinterpret_cast<const sockaddr*>(&address);
  while (sendto(socket.fd(), message.data(), message.size(), MSG_NOSIGNAL, to, sizeof address) < 0) {
    if (errno == EINTR) continue;
    if (has_ended(errno)) return;
    throw Error{Errc::unavailable,
                "a program does not take hot-plug events: " + std::generic_category().message(errno)};
  }
}

}  // namespace

UeventSender::UeventSender(std::filesystem::path testbed_root) : root_{std::move(testbed_root)} {}

void UeventSender::send(std::string_view action, std::string_view device_path, std::string_view properties) {
  std::string body;
  const auto add = [&body](std::string_view name, std::string_view value) {
    (((body += name) += '=') += value) += '\0';
  };
  add("ACTION", action);
  add("DEVPATH", device_path);
  add("SUBSYSTEM", "usb");
  add("SEQNUM", std::to_string(++sequence_));
  body += properties;

  MonitorHeader header;
  header.properties_size = static_cast<std::uint32_t>(body.size());
  std::string message(sizeof header, '\0');
  std::memcpy(message.data(), &header, sizeof header);
  message += body;

  const Socket socket;
  for (const auto& entry : std::filesystem::directory_iterator{root_})
    if (entry.path().filename().native().starts_with("event")) tell(socket, entry.path(), message);
}

}  // namespace lamp::sim
