#include "cli/sim/vhci_controller.hpp"

#include <sys/socket.h>

#include <array>
#include <sstream>
#include <string>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"

namespace lamp::sim {

namespace {

constexpr int kHighSpeed = 3;               // enum usb_device_speed
constexpr std::string_view kEmpty = "004";  // enum usbip_device_status, VDEV_ST_NULL
constexpr std::uint64_t kMostPorts = 1024;

/// An attribute that takes one write, whole.
int write_attribute(const std::filesystem::path& file, const std::string& text) {
  const posix::Descriptor attribute{::open(file.c_str(), O_WRONLY | O_CLOEXEC)};
  if (attribute.get() < 0) posix::fail(file, errno);
  return ::write(attribute.get(), text.data(), text.size()) < 0 ? errno : 0;
}

std::string read_attribute(const std::filesystem::path& file) {
  const posix::Descriptor attribute{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (attribute.get() < 0) posix::fail(file, errno);
  std::string text;
  std::array<std::uint8_t, 4096> piece{};
  while (const auto count = posix::read_some(attribute, piece, file))
    text.append(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
  return text;
}

}  // namespace

VhciController::VhciController(std::filesystem::path folder) : folder_{std::move(folder)} {
  const auto file = folder_ / "attach";
  if (::access(file.c_str(), W_OK) == 0) return;
  if (errno == ENOENT || errno == ENOTDIR)
    throw Error{Errc::unavailable, "this kernel shows no virtual USB host controller (" + folder_.string() +
                                       "); as root, 'modprobe vhci-hcd' loads it where the kernel has it"};
  throw Error{Errc::denied, file.string() + ": " + posix::reason(errno) + "; only root plugs devices into the kernel"};
}

unsigned VhciController::free_port() const {
  const auto ports = empty_ports(read_attribute(folder_ / "status"));
  if (ports.empty()) throw Error{Errc::unavailable, "all high-speed ports of " + folder_.string() + " are taken"};
  return ports.front();
}

std::optional<posix::Descriptor> VhciController::attach(unsigned port, std::uint32_t device_id) const {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw Error{Errc::unavailable, std::string{"socketpair: "} + std::strerror(errno)};
  posix::Descriptor ours{ends[0]};
  const posix::Descriptor kernels{ends[1]};  // it takes a reference of its own
  const auto order = std::to_string(port) + ' ' + std::to_string(kernels.get()) + ' ' + std::to_string(device_id) +
                     ' ' + std::to_string(kHighSpeed);
  const int error = write_attribute(folder_ / "attach", order);
  if (error == EBUSY) return std::nullopt;
  if (error != 0)
    throw Error{Errc::unavailable,
                "plugging into port " + std::to_string(port) + " of " + folder_.string() + ": " + std::strerror(error)};
  return ours;
}

std::vector<unsigned> empty_ports(std::string_view status) {
  std::istringstream lines{std::string{status}};
  std::string line;
  if (!std::getline(lines, line) || line.rfind("hub ", 0) != 0)
    throw Error{Errc::bad_input, "the virtual host controller's status begins with other words than 'hub port sta'"};
  std::vector<unsigned> ports;
  while (std::getline(lines, line)) {
    std::istringstream words{line};
    std::string hub, port, state;
    if (!(words >> hub >> port >> state))
      throw Error{Errc::bad_input, "the virtual host controller's status has a line without hub, port and state"};
    const auto number = parse_number(port.substr(std::min(port.find_first_not_of('0'), port.size() - 1)),
                                     "port of the virtual host controller", 0, kMostPorts);
    if (hub == "hs" && state == kEmpty) ports.push_back(static_cast<unsigned>(number));
  }
  return ports;
}

}  // namespace lamp::sim
